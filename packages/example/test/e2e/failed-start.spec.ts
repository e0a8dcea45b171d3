import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/handlers.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** What PM2 does in cluster mode: it logs a rejected promise, and the process lives on. */
const asUnderPm2 = `data:text/javascript,process.on('unhandledRejection', () => {})`;

it('an instance that cannot start ends, also where a rejected promise ends no process', async () => {
  const occupied = createServer().listen(0);
  await once(occupied, 'listening');
  const folder = await temporaryFolder();
  const child = spawn(process.execPath, ['--import', asUnderPm2, main], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      REDIS_URL: process.env.AFFINITY_TEST_REDIS_URL,
      PENDING_QUEUE_NAME: 'failed-start',
      DATA_DIR: folder,
      PORT: String((occupied.address() as AddressInfo).port),
    },
  });
  try {
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(errors).toContain('EADDRINUSE');
    expect(code).toBe(1);
  } finally {
    child.kill('SIGKILL');
    occupied.close();
    await rm(folder, { recursive: true });
  }
}, 30_000);
