import { findFaults } from '../processes/history.js';
import { Instances } from '../processes/instances.js';
import { monotonicMicros } from '../processes/messages.js';
import type { Measurement } from './measurement.js';
import { fill } from './tasks.js';

export interface FleetInput {
  readonly instances: number;
  /** In each instance. */
  readonly workers: number;
  readonly tasks: number;
  readonly tags: number;
  readonly handlerMs: number;
}

/** Many workers drain a filled queue; the record of every run is checked afterwards. */
export const measureFleet: Measurement<FleetInput> = async ({ open, peer, redisUrl }, input) => {
  const { workers, tasks, tags, handlerMs } = input;
  const instances = await Instances.spawn(input.instances, {
    redisUrl,
    peer,
    workers,
    handlerMs,
    record: true,
  });
  const producer = await open(redisUrl, { workers: 1 });
  await fill(producer, { tasks, tags });
  await producer.close();
  const startedAt = monotonicMicros();
  await instances.start();
  const endedAt = await instances.whenHandled(tasks);
  const histories = await Promise.all(instances.all.map((instance) => instance.ask('history')));
  await instances.close();
  const faults = findFaults(histories.flat(), tasks);
  return {
    tasksPerSecond: (tasks * 1e6) / (endedAt - startedAt),
    done: tasks - faults.missing,
    ...faults,
    busiestShare: Math.max(...histories.map((runs) => runs.length)) / tasks,
  };
};
