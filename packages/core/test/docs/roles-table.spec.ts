import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { QueueRole } from '../../src/index.js';
import { closeAll, startInstance } from '../support/app.js';
import { testRedisUrl, uniqueName } from '../support/redis.js';
import { until } from '../support/until.js';
import { codeOf, tableUnder } from './support/markdown.js';

let redis: Redis;

beforeAll(() => {
  redis = new Redis(testRedisUrl());
});

afterAll(() => {
  redis.disconnect();
});

afterEach(closeAll);

const english = tableUnder('docs/reference/options.md', 'Roles').map((row) => row.map(codeOf));
const chinese = tableUnder('docs/zh-CN/options.md', '角色').map((row) => row.map(codeOf));

describe('the table of roles', () => {
  it('is the same in both languages', () => {
    const words: Record<string, string> = { 是: 'yes', 否: 'no' };
    expect(chinese.map((row) => row.map((cell) => words[cell] ?? cell))).toEqual(english);
  });

  it.each(english)('is right about %s', async (role, adds, leads, works, connections) => {
    const { queue, workers, election } = await startInstance(
      { name: uniqueName(), role: role as QueueRole, workerOptions: { workerCount: 3 } },
      (registry) => {
        registry.registerHandler('type', () => undefined);
      },
    );
    const job = await queue.add({ type: 'type', identifyTag: 'tag', payload: null });
    expect(adds).toBe('yes');
    expect(await job.getState()).toMatch(/^(waiting|active|completed)$/);
    expect(election.isCandidate).toBe(leads === 'yes');
    if (leads === 'yes') await until('it leads', () => election.isLeader());
    expect(workers.runsTasks).toBe(works === 'yes');
    expect(workers.getWorkerStates()).toHaveLength(works === 'yes' ? 3 : 0);
    if (leads === 'yes' && works === 'yes') await until('it runs the task', () => job.isCompleted());
    const own = async (): Promise<number> =>
      String(await redis.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(` name=affinity:${election.nodeId}:`)).length;
    await until('it is connected', async () => (await own()) >= Number(connections));
    expect(await own()).toBe(Number(connections));

    // Reading events takes one more while it lasts.
    const reading = queue.events$.subscribe();
    await until('it reads events', async () => (await own()) === Number(connections) + 1);
    reading.unsubscribe();
    await until('it has stopped reading', async () => (await own()) === Number(connections));
  });
});
