import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeContract } from '../../contract/contract.js';
import { onRedis, onRedisAt } from '../../contract/on-redis.js';
import type { ContractSystem } from '../../contract/system.js';
import { defaults } from '../../../src/options/defaults.js';
import { AclServer } from '../../support/acl-server.js';
import { readDocumentedAcl } from '../../support/documented-acl.js';

let acl: AclServer;
beforeAll(async () => {
  acl = await AclServer.start();
  const keys = readDocumentedAcl().keys.map((key) => `~${key}`);
  await acl.createUser('my-app', [...keys, ...acl.commandRules]);
});
afterAll(() => acl.stop());

/** Each application of a test has a database, for the user's rules know one queue only, that of the default names. */
let applications = 0;

function nextSystem(): ContractSystem {
  const { pendingQueueName, workerQueuePrefix, workerStatePrefix } = defaults;
  return onRedisAt({
    redisOptions: { url: acl.urlOf('my-app'), db: applications++ },
    queueOptions: { pendingQueueName, workerQueuePrefix, workerStatePrefix },
  });
}

describeContract('as the user of docs/security.md', {
  ...onRedis,
  start: (options, register) => nextSystem().start(options, register),
  async closeAll() {
    await onRedis.closeAll();
    await acl.admin.flushall();
    applications = 0;
  },
});

describe('the user of docs/security.md, with which the contract was held', () => {
  it('was refused nothing', async () => {
    expect(await acl.refusals()).toEqual([]);
  });

  it('is one whose refusals show', async () => {
    const client = new Redis(acl.urlOf('my-app'));
    await expect(client.get('foreign')).rejects.toThrow(/NOPERM/);
    client.disconnect();
    expect(await acl.refusals()).toEqual(['key foreign (toplevel, my-app)']);
  });
});
