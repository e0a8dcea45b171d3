import { afterEach, describe, expect, it } from '@jest/globals';
import type { QueueEvent } from '../../../src/index.js';
import { until } from '../../support/until.js';
import { clearStage, numbers, Scene } from './support/scene.js';

afterEach(clearStage);

describe('start order', () => {
  it('does not matter: tasks first, then workers, then a scheduler', async () => {
    const scene = await Scene.open();
    await scene.add('a', numbers(4));
    await scene.add('b', numbers(4));
    const worker = await scene.startLocal({ role: 'WORKER' });
    await scene.add('a', numbers(4, 4));
    expect(await scene.journal.entries()).toEqual([]);
    expect(worker.workers.getWorkerStates()).toMatchObject([{ status: 'idle' }]);

    const scheduler = await scene.startLocal({ role: 'SCHEDULER' });
    await scene.untilCompleted(12);
    expect(await scene.journal.started('a')).toEqual(numbers(8));
    expect(await scene.journal.started('b')).toEqual(numbers(4));
    expect(await scene.leader()).toBe(scheduler.election.nodeId);
  });

  it('does not matter: a scheduler first, then tasks, then workers', async () => {
    const scene = await Scene.open();
    await scene.startLocal({ role: 'SCHEDULER' });
    await scene.untilLeader();
    await scene.add('a', numbers(4));
    await until('they are taken in', async () => (await scene.dump()).wait.length === 0);
    await scene.startLocal({ role: 'WORKER' });
    await scene.untilCompleted(4);
    expect(await scene.journal.started('a')).toEqual(numbers(4));
  });
});

describe('no leader for a lock TTL', () => {
  it('is told once by all instances together, and over when a leader comes', async () => {
    const scene = await Scene.open();
    const electionOptions = { electionLockTtl: 300, heartbeatInterval: 60, heartbeatTimeout: 5_000 };
    const events: QueueEvent[] = [];
    const subscription = scene.producer.queue.events$.subscribe((event) => events.push(event));
    const [first] = await Promise.all([
      scene.startLocal({ role: 'WORKER', electionOptions }),
      scene.startLocal({ role: 'WORKER', electionOptions }),
    ]);
    const of = (type: QueueEvent['type']) => events.filter((event) => event.type === type);
    await until('it is told', () => of('leaderless').length > 0);
    const beat = () => scene.redis.hget(scene.keys.beats, first.workers.getWorkerStates()[0]!.workerId);
    const beats = Number(await beat());
    await until('both have looked again and again', async () => Number(await beat()) > beats + 10);
    expect(of('leaderless')).toHaveLength(1);
    expect(of('leaderChanged')).toEqual([]);

    const leader = await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    await until('that is told', () => of('leaderChanged').length > 0);
    expect(of('leaderChanged')).toMatchObject([{ nodeId: leader.election.nodeId }]);
    await leader.close();
    await until('a second time is told too', () => of('leaderless').length === 2);
    subscription.unsubscribe();
  });
});
