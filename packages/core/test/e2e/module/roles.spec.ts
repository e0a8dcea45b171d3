import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  ElectionService,
  QueueModule,
  QueueService,
  SchedulerService,
  WorkerService,
  type QueueRole,
} from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';

beforeEach(() => log.clear());
afterEach(closeApps);

@Injectable()
class Everything {
  constructor(
    @Inject(QueueService) readonly queue: QueueService,
    @Inject(WorkerService) readonly workers: WorkerService,
    @Inject(SchedulerService) readonly scheduler: SchedulerService,
    @Inject(ElectionService) readonly election: ElectionService,
  ) {}
}

async function start(name: string, role: QueueRole) {
  const app = await startApp([QueueModule.forRoot(rootOptions(name, { role }))], { providers: [Everything] });
  return app.get(Everything);
}

const task = { type: 'note', identifyTag: 'tag', payload: 'x' };

describe.each<[QueueRole, { runs: boolean; leads: boolean }]>([
  ['SCHEDULER', { runs: false, leads: true }],
  ['WORKER', { runs: true, leads: false }],
  ['BOTH', { runs: true, leads: true }],
  ['PRODUCER', { runs: false, leads: false }],
])('in role %s', (role, { runs, leads }) => {
  it('all services can be injected, a handler can be registered, and tasks can be added', async () => {
    const name = uniqueName();
    const { queue, workers, scheduler, election } = await start(name, role);
    workers.registerHandler('note', () => undefined);
    expect(workers.registeredTypes).toEqual(['note']);
    expect(workers.runsTasks).toBe(runs);
    expect(workers.getWorkerStates()).toHaveLength(runs ? 1 : 0);
    expect(election.isCandidate).toBe(leads);
    const job = await queue.add(task);
    expect(job.id).toEqual(expect.any(String));
    expect(await queue.getWorkers()).toHaveLength(runs ? 1 : 0);
    if (leads) await until('this instance schedules', () => election.isLeader() && scheduler.isScheduling);
    else expect(scheduler.isScheduling).toBe(false);
    // Whoever starts and stops by hand changes nothing about the role, and may do it twice.
    election.start();
    await workers.start();
    await workers.start();
    scheduler.start();
    await workers.stop();
    await workers.stop();
    expect(workers.getWorkerStates()).toEqual([]);
    await workers.start();
    expect(workers.getWorkerStates()).toHaveLength(runs ? 1 : 0);
    await election.stop();
    await election.stop();
    expect(election.isLeader()).toBe(false);
  });
});

describe('what a role does not do', () => {
  it('SCHEDULER binds tags and runs nothing; a WORKER runs them', async () => {
    const name = uniqueName();
    const ran: string[] = [];
    const scheduler = await start(name, 'SCHEDULER');
    scheduler.workers.registerHandler('note', () => void ran.push('scheduler'));
    const job = await scheduler.queue.add(task);
    // Taken in by the leader, and still waiting: there is no worker.
    await until(
      'the leader has taken the task in',
      async () => (await scheduler.queue.getTagStats('tag')).waiting === 1,
    );
    expect(await scheduler.queue.getQueueStats()).toMatchObject({
      waiting: 1,
      workersIdle: 0,
      workersRunning: 0,
    });
    expect(log.texts('DEBUG').join()).toContain('SCHEDULER');

    const worker = await start(name, 'WORKER');
    worker.workers.registerHandler('note', () => void ran.push('worker'));
    await worker.queue.waitUntilFinished(job, 10_000);
    expect(ran).toEqual(['worker']);
    expect(worker.election.isLeader()).toBe(false);
    expect((await worker.election.getLeader())?.nodeId).toBe(scheduler.election.nodeId);
  });

  it('WORKER never leads: it says so when nobody does', async () => {
    const worker = await start(uniqueName(), 'WORKER');
    worker.workers.registerHandler('note', () => undefined);
    const job = await worker.queue.add(task);
    // Said once there has been no leader for a whole lock TTL: a candidate would have led long before.
    await until('the worker misses a leader', () =>
      log.texts('WARN').some((text) => text.includes('no leader')),
    );
    expect(worker.election.isLeader()).toBe(false);
    expect(await worker.election.getLeader()).toBeNull();
    expect(await job.getState()).toBe('waiting');
  });

  it('PRODUCER only adds', async () => {
    const name = uniqueName();
    const producer = await start(name, 'PRODUCER');
    producer.workers.registerHandler('note', () => {
      throw new Error('a producer runs nothing');
    });
    const job = await producer.queue.add(task);
    expect(await producer.queue.getWorkers()).toEqual([]);
    expect(await producer.election.getLeader()).toBeNull();

    const both = await start(name, 'BOTH');
    both.workers.registerHandler('note', (payload) => `ran ${payload}`);
    await expect(producer.queue.waitUntilFinished(job, 10_000)).resolves.toBe('ran x');
    expect((await producer.election.getLeader())?.nodeId).toBe(both.election.nodeId);
  });
});
