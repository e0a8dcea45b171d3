import { afterEach, expect, it } from '@jest/globals';
import { FlowProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { uniqueName } from '../../support/redis.js';

let server: OwnServer | undefined;
const clients: Redis[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await server?.stop();
});

/** BullMQ adds flows in a transaction, in which the client cannot load scripts that Redis has forgotten. */
it('a flow whose scripts Redis has forgotten is refused as a whole; a new connection adds it', async () => {
  server = await startOwnServer();
  const connect = (): Redis => {
    const client = new Redis(server!.url, { maxRetriesPerRequest: null });
    clients.push(client);
    return client;
  };
  const queueName = uniqueName();
  const data = { identifyTag: 'tenant', type: 'note', payload: null };
  const add = (connection: Redis): Promise<unknown> =>
    new FlowProducer({ connection }).add({
      name: 'note',
      queueName,
      data,
      children: [{ name: 'note', queueName, data }],
    });
  const redis = connect();
  const keys = () => redis.keys(`bull:${queueName}:*`);
  await add(redis);
  const before = (await keys()).length;
  await redis.script('FLUSH');
  await expect(add(redis)).rejects.toThrow('NOSCRIPT');
  expect(await keys()).toHaveLength(before);
  await add(connect());
  expect((await keys()).length).toBeGreaterThan(before);
});
