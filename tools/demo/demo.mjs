/**
 * The demo: the example application under PM2, its data set fed over HTTP, its leader killed half-way, and every
 * promise checked from outside; then the same data on a plain BullMQ queue.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireRedis } from '../redis/index.mjs';
import { runAffinity } from './affinity-run.mjs';
import { runControl } from './control-run.mjs';
import { readDataSet } from './data-set.mjs';
import { openDisplay } from './display.mjs';
import { expectedError } from './expected-error.mjs';
import { startMailSink } from './mail-sink.mjs';
import { drawPicture } from './picture/draw.mjs';
import { assertPortIsFree } from './port.mjs';
import { printSummary } from './summary.mjs';
import { verify } from './verify.mjs';

/**
 * @param {{ options: import('./options.mjs').DemoOptions, releases: import('./releases.mjs').Releases,
 *   signal: AbortSignal, heading: (text: string) => void }} context
 * @returns {Promise<boolean>} did every check succeed?
 */
export async function runDemo({ options, releases, signal, heading }) {
  heading('prepare');
  await assertPortIsFree(options.port);
  const data = await readDataSet();
  const redis = await acquireRedis({ log: console.log }).catch(explainNoRedis);
  releases.add('Redis', redis.stop);
  signal.throwIfAborted();
  const mail = await startMailSink();
  releases.add('the mail sink', mail.stop);
  const folders = await freshFolders(options.output);
  printSettings(options, { data, redis, mail });

  const context = { options, releases, signal, data, redisUrl: redis.url, mail, openDisplay };
  heading(`${options.instances} instances under PM2, one leader`);
  const run = await runAffinity({ ...context, folder: folders.affinity });
  const report = await verify(run, { data, folder: folders.affinity, maxBatchSize: options.maxBatchSize });

  heading('control run: plain BullMQ, the same data, handlers and number of workers');
  mail.forget();
  const control = await runControl({ ...context, folder: folders.control });
  const controlReport = await verify(control, { data, folder: folders.control });

  heading('summary');
  const succeeded = printSummary({ report, controlReport, run, options });
  const pictures = await drawPicture(options.output, { run, control, report, controlReport, data });
  console.log(`\nWritten to ${options.output}`);
  for (const picture of pictures) console.log(`  ${picture}`);
  return succeeded;
}

function explainNoRedis(error) {
  throw expectedError(error.message, { cause: error });
}

/** Only the folders that a run writes are emptied: the output folder itself may hold other things. */
async function freshFolders(output) {
  const folders = { affinity: join(output, 'affinity'), control: join(output, 'control') };
  for (const folder of Object.values(folders)) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  return folders;
}

function printSettings(
  { election, instances, workersPerInstance, maxBatchSize, port },
  { data, redis, mail },
) {
  const rows = [
    ['tasks', `${data.tasks.length} of ${data.companies.size} companies, three types`],
    [
      'instances',
      `${instances} in role BOTH, ${workersPerInstance} workers each, batches of at most ${maxBatchSize}`,
    ],
    [
      'election',
      `lock TTL ${election.lockTtlMs} ms, heartbeat every ${election.heartbeatIntervalMs} ms, timeout ${election.heartbeatTimeoutMs} ms`,
    ],
    ['Redis', `${redis.url} (its own, from ${redis.source})`],
    ['SMTP', `${mail.url} (its own)`],
    ['HTTP', `http://localhost:${port}`],
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(10)} ${value}`);
}
