import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { expectedError } from './expected-error.mjs';

const USAGE = 'npm run demo [-- --output <folder>]   (PORT=<number> for another port than 3000)';

/**
 * @typedef {object} DemoOptions
 * @property {number} port
 * @property {string} output folder of ledgers, invoices, run logs and pictures
 * @property {number} instances
 * @property {number} workersPerInstance
 * @property {number} maxBatchSize
 * @property {{ lockTtlMs: number, heartbeatIntervalMs: number, heartbeatTimeoutMs: number }} election
 */

/** @returns {DemoOptions} */
export function readOptions(words, env) {
  const { output } = parseWords(words);
  const port = Number(env.PORT || 3000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw expectedError(`PORT: got '${env.PORT}', allowed: 1 to 65535`);
  }
  return {
    port,
    output: resolve(output),
    instances: 3,
    workersPerInstance: 4,
    maxBatchSize: 10,
    election: { lockTtlMs: 3_000, heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 5_000 },
  };
}

function parseWords(words) {
  try {
    return parseArgs({ args: words, options: { output: { type: 'string', default: 'demo-output' } } }).values;
  } catch (error) {
    throw expectedError(`${error.message}\nUsage: ${USAGE}`);
  }
}
