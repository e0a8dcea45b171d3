import { startAffinity } from '../peers/affinity-app.js';
import { Instances } from '../processes/instances.js';
import type { Measurement } from './measurement.js';

export interface SchedulerLoadInput {
  readonly tasksPerSecond: number;
  readonly seconds: number;
  readonly tags: number;
  readonly workers: number;
}

/** This process schedules and does nothing else; a worker process and a producer process make the load. */
export const measureSchedulerLoad: Measurement<SchedulerLoadInput> = async (
  { redisUrl, startMeter },
  input,
) => {
  const { tasksPerSecond, seconds, tags, workers } = input;
  const scheduler = await startAffinity({ redisUrl, role: 'SCHEDULER' });
  const setup = { redisUrl, peer: 'affinity', workers, handlerMs: 0, record: false } as const;
  const worker = await Instances.spawn(1, { ...setup, role: 'WORKER' });
  const producer = await Instances.spawn(1, { ...setup, role: 'PRODUCER' });
  await worker.start();
  const tasks = tasksPerSecond * seconds;
  const stopMeter = await startMeter('schedule', tasks);
  await producer.all[0]?.ask('feed', { count: tasks, tags, perSecond: tasksPerSecond });
  await worker.whenHandled(tasks);
  const used = await stopMeter();
  await Promise.all([worker.close(), producer.close()]);
  await scheduler.close();
  return {
    percentOfCore: used.nodeCpuMicros / (used.seconds * 1e4),
    reachedPerSecond: tasks / used.seconds,
  };
};
