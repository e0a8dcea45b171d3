import { afterEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { closeAll, startInstance } from '../../support/calm.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

let server: OwnServer | undefined;

afterEach(async () => {
  await closeAll();
  await server?.stop();
});

/** How often Redis has run each command, also by scripts. */
async function callsOf(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const lines = (await redis.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return new Map([...lines].map(([, name, calls]) => [name!, Number(calls)]));
}

it('tasks are given out without a search of the keys, and without scripts in a transaction', async () => {
  // One alone, because it counts the commands of all its clients.
  server = await startOwnServer();
  const redis = new Redis(server.url);
  const recorder = new Recorder();
  const { queue } = await startInstance(
    { name: uniqueName(), redisOptions: { url: server.url }, workerOptions: { workerCount: 3 } },
    (workers) => {
      workers.registerHandler('note', recorder.handler());
    },
  );
  await until('the new leader has looked for orphans', async () => (await callsOf(redis)).get('scan') === 1);
  // Scripts are loaded where Redis does not know them.
  await redis.script('FLUSH');
  await redis.config('RESETSTAT');
  await queue.addBulk(upTo(300).map((n) => ({ type: 'note', identifyTag: `tag ${n % 60}`, payload: n })));
  await until('all have run', async () => (await queue.getQueueStats()).completed === 300);
  const calls = await callsOf(redis);
  redis.disconnect();
  expect(calls.get('evalsha')).toBeGreaterThan(0);
  for (const name of ['scan', 'keys', 'multi']) expect([name, calls.get(name)]).toEqual([name, undefined]);
});
