import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/handlers.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const address = /^curl (localhost:3000\S*)(?: -H '([^:]+): ([^']+)')?(?: -d '(.*)'| --data-binary @(\S+))?$/;

let instance: ChildProcess;
let folder: string;
let port: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  port = await freePort();
  instance = spawn(process.execPath, ['packages/example/dist/main.js'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      REDIS_URL: process.env.AFFINITY_TEST_REDIS_URL,
      PENDING_QUEUE_NAME: 'documented-requests',
      DATA_DIR: folder,
      PORT: String(port),
    },
  });
  for await (const line of createInterface({ input: instance.stdout! }))
    if (line.includes('Listening on')) break;
  instance.stdout!.resume();
});
afterAll(async () => {
  const exited = once(instance, 'exit');
  instance.kill('SIGTERM');
  await exited;
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const free = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return free;
}

it('the requests of the README are answered as it says', async () => {
  const readme = await readFile(`${root}packages/example/README.md`, 'utf8');
  const answers = [];
  for (const line of readme.split('\n').filter((each) => each.startsWith('curl '))) {
    const [, url = '', header, value, text, file] = address.exec(line) ?? [];
    const body = text ?? (file && (await readFile(root + file)));
    const response = await fetch(`http://${url.replace('3000', String(port))}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(header && { headers: { [header]: value! } }),
      ...(body !== undefined && { body }),
    });
    answers.push([response.status, await response.json()]);
  }
  expect(answers).toEqual([
    [201, expect.objectContaining({ message: '任务已添加到队列', jobId: expect.any(String) })],
    [201, expect.objectContaining({ message: '任务已添加到队列', jobId: expect.any(String) })],
    [201, expect.objectContaining({ message: '任务已添加到队列', jobId: 'booking-1' })],
    [200, expect.objectContaining({ id: 'booking-1', state: expect.any(String) })],
    [201, expect.objectContaining({ message: '任务已添加到队列', count: 5_400 })],
    [200, expect.objectContaining({ waiting: expect.any(Number) })],
    [200, expect.objectContaining({ status: 'ok', role: 'BOTH' })],
  ]);
});
