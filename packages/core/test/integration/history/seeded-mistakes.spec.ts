import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Invariant } from '../../../src/history/checker/report.js';
import { leaseMs, RecordedQueue } from '../../support/history/recorded-queue.js';
import { seededSources, testBuild } from '../../support/history/test-scripts.js';
import { connectScripts } from '../scripts/support/harness.js';

type Scenario = (queue: RecordedQueue) => Promise<void>;

/** A worker has a batch of three, runs the first of them, and dies. */
async function dies(queue: RecordedQueue): Promise<string> {
  const leader = await queue.elect('l1');
  await queue.register('w1');
  await queue.add('a', 't1', 't2', 't3');
  await queue.dispatch(leader);
  await queue.start('w1');
  queue.kill('w1');
  return leader;
}

const crash: Scenario = async (queue) => {
  const leader = await dies(queue);
  await queue.register('w2');
  await queue.recover(leader, 'w1');
  await queue.drain(leader, 'w2');
};

const retirement: Scenario = async (queue) => {
  const leader = await queue.elect('l1');
  await queue.register('w1', 'w2');
  await queue.add('a', 't1', 't2');
  await queue.dispatch(leader);
  await queue.start('w1');
  await queue.retire('w1');
  await queue.end('w1');
  await queue.drain(leader, 'w2');
};

/** The second leader takes over from one that shows no life, and the first one goes on. */
const deposed =
  (goOn: (queue: RecordedQueue, first: string) => Promise<void>): Scenario =>
  async (queue) => {
    await queue.register('w1');
    const first = await queue.elect('l1');
    await queue.untilVacancy(leaseMs + 10);
    const second = await queue.elect('l2', first);
    await goOn(queue, first);
    await queue.add('a', 't1');
    await queue.drain(second, 'w1', 'w2');
  };

/** A worker runs what is there; more comes while its first task runs. */
async function adds(queue: RecordedQueue, first: string[], then: string[] = []): Promise<void> {
  const leader = await queue.elect('l1');
  await queue.register('w1');
  await queue.add('a', ...first);
  await queue.dispatch(leader);
  await queue.start('w1');
  await queue.add('a', ...then);
  await queue.dispatch(leader);
  await queue.drain(leader, 'w1');
}

/** For each mistake: what brings it to light, and as what. */
const mistakes: Readonly<Record<string, readonly [Invariant, Scenario]>> = {
  'a lock renewed without asking whose it is': ['I5', deposed((queue, first) => queue.renew(first))],
  'a lock released without asking whose it is': ['I5', deposed((queue, first) => queue.resign(first))],
  'a recovery without a fence': [
    'I5',
    deposed(async (queue, first) => {
      await queue.register('w2');
      await queue.recover(first, 'w2');
    }),
  ],
  'a candidate takes a lock that is held': [
    'I5',
    async (queue) => {
      await queue.register('w1');
      const first = await queue.elect('l1');
      const second = await queue.elect('l2');
      await queue.renew(first);
      await queue.add('a', 't1');
      await queue.drain(second.startsWith('l2:') ? second : first, 'w1');
    },
  ],
  'an epoch that does not rise': [
    'I5',
    async (queue) => {
      await queue.register('w1');
      await queue.resign(await queue.elect('l1'));
      await queue.drain(await queue.elect('l2'), 'w1');
    },
  ],
  'a recovered task goes to the tail of its tag': ['I2', crash],
  'a recovered task is forgotten': ['I3', crash],
  "the rest of a dead worker's batch is lost": ['I3', crash],
  'a dead worker keeps its tag': ['I3', crash],
  'a worker leaves its keys behind': ['I10', crash],
  'a dead worker stays registered': ['I10', crash],
  'the running task of a worker that retires is lost': ['I3', retirement],
  'a recovery of a worker that lives': [
    'I1',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1', 'w2');
      await queue.add('a', 't1', 't2');
      await queue.dispatch(leader);
      await queue.start('w1');
      await queue.beat('w1', 'w2');
      await queue.recover(leader, 'w1', '0');
      await queue.dispatch(leader);
      await queue.start('w2');
      await queue.drain(leader, 'w1', 'w2');
    },
  ],
  'a worker of another process is reported dead': [
    'I1',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.registerVisibly('w1', 'w2');
      await queue.add('a', 't1', 't2');
      await queue.dispatch(leader);
      await queue.start('w1');
      // Of a process that had this id before.
      await queue.reportDeath('w1', 'w1:0');
      await queue.recover(leader, 'w1', '-1');
      await queue.dispatch(leader);
      await queue.start('w2');
      await queue.drain(leader, 'w1', 'w2');
    },
  ],
  'a worker that registers twice is idle twice': [
    'I10',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1', 'w1');
      await queue.add('a', 't1');
      await queue.add('b', 't2');
      await queue.dispatch(leader);
      await queue.drain(leader, 'w1');
    },
  ],
  'a worker that was declared dead leaves': [
    'I10',
    async (queue) => {
      const leader = await dies(queue);
      await queue.register('w2');
      await queue.recover(leader, 'w1');
      await queue.leave('w1');
      await queue.drain(leader, 'w2');
    },
  ],
  'a dispatch without a fence': [
    'I5',
    deposed(async (queue, first) => {
      await queue.add('b', 't2');
      await queue.dispatch(first);
    }),
  ],
  'a batch that is one task too large': ['I6', (queue) => adds(queue, ['t1', 't2', 't3', 't4'])],
  'a released tag that is forgotten': ['I3', (queue) => adds(queue, ['t1', 't2', 't3', 't4'])],
  'a release before the batch is empty': ['I2', (queue) => adds(queue, ['t1', 't2', 't3'])],
  'a top-up of a full batch': ['I6', (queue) => adds(queue, ['t1', 't2', 't3'], ['t4'])],
  'a top-up that is lost': ['I3', (queue) => adds(queue, ['t1'], ['t2'])],
  'a released tag that goes first': [
    'I7',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1');
      await queue.add('a', 't1', 't2', 't3', 't4', 't5', 't6', 't7');
      await queue.dispatch(leader);
      await queue.add('b', 't8');
      await queue.drain(leader, 'w1');
    },
  ],
  'an outcome without asking who runs the task': [
    'I4',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1', 'w2');
      await queue.add('a', 't1');
      await queue.dispatch(leader);
      await queue.start('w1');
      queue.freeze('w1');
      await queue.recover(leader, 'w1');
      await queue.dispatch(leader);
      await queue.start('w2');
      await queue.end('w1');
      await queue.drain(leader, 'w2');
    },
  ],
  'a take that is not idempotent': [
    'I1',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1');
      await queue.add('a', 't1', 't2');
      await queue.dispatch(leader);
      await queue.harness.takeReply('w1');
      await queue.drain(leader, 'w1');
    },
  ],
  'a retried task that goes to the tail of its tag': [
    'I2',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1');
      await queue.add('a', 't1', 't2');
      await queue.dispatch(leader);
      await queue.start('w1');
      await queue.end('w1', 'retried');
      await queue.drain(leader, 'w1');
    },
  ],
  'an id that is there is added again': [
    'I9',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1');
      await queue.addAtOnce('a', 't1');
      // Its reply was lost, so the producer sends it once more.
      await queue.addAtOnce('a', 't1');
      await queue.drain(leader, 'w1');
    },
  ],
  'a call that is repeated counts as new': [
    'I9',
    async (queue) => {
      const leader = await queue.elect('l1');
      await queue.register('w1');
      const chain = await queue.addOnChain({ chain: '', number: 1 }, 'a', 't1');
      await queue.addOnChain({ chain, number: 1 }, 'a', 't2');
      // Its reply was lost.
      await queue.addOnChain({ chain, number: 1 }, 'a', 't2');
      await queue.drain(leader, 'w1');
    },
  ],
  'a resignation that wakes nobody': [
    'I8',
    async (queue) => {
      await queue.register('w1');
      // It has led before, so that it is known to be there.
      await queue.resign(await queue.elect('l2'));
      await queue.resign(await queue.elect('l1'));
      await queue.untilVacancy(300);
      await queue.drain(await queue.elect('l2'), 'w1');
    },
  ],
};

const connections: Redis[] = [];
const queues: RecordedQueue[] = [];

function connect(): Redis {
  const redis = connectScripts();
  connections.push(redis);
  return redis;
}

function made(queue: RecordedQueue): RecordedQueue {
  queues.push(queue);
  return queue;
}

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.clear();
});

afterAll(async () => {
  for (const redis of connections) await redis.quit();
});

it('every mistake that the sources hold has its scenario', () => {
  expect(Object.keys(mistakes).sort()).toEqual(Object.keys(testBuild().bugs).sort());
  expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(15);
});

describe.each(Object.entries(mistakes))('%s', (mistake, [invariant, scenario]) => {
  it('is caught', async () => {
    const queue = made(new RecordedQueue(connect(), seededSources(mistake)));
    await scenario(queue);
    const { violations } = await queue.check();
    const caught = violations.filter((violation) => violation.invariant === invariant);
    expect(violations.map((violation) => violation.invariant)).toContain(invariant);
    for (const { evidence } of caught) expect(evidence.length).toBeGreaterThan(0);
  });

  it('and nothing is found without it', async () => {
    const queue = made(new RecordedQueue(connect(), testBuild().witnessed));
    await scenario(queue);
    const report = await queue.check();
    expect(report.violations).toEqual([]);
    expect(report.counts.witnessEntries).toBeGreaterThan(0);
  });
});
