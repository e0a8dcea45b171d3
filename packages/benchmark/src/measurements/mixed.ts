import { Instances } from '../processes/instances.js';
import { monotonicMicros } from '../processes/messages.js';
import type { Measurement } from './measurement.js';

export interface MixedInput {
  readonly instances: number;
  readonly tasks: number;
  readonly tags: number;
  /** In each instance. */
  readonly workers: number;
  readonly inFlight: number;
}

/** Every process adds its share one by one and runs what it is given, at the same time. */
export const measureMixed: Measurement<MixedInput> = async ({ peer, redisUrl, startMeter }, input) => {
  const { tasks, tags, workers, inFlight } = input;
  const instances = await Instances.spawn(input.instances, {
    redisUrl,
    peer,
    workers,
    handlerMs: 0,
    record: false,
  });
  await instances.start();
  const count = tasks / input.instances;
  const stopMeter = await startMeter('add and process', tasks);
  const startedAt = monotonicMicros();
  await Promise.all(
    instances.all.map((instance, index) =>
      instance.ask('add', { from: index * count, count, tags, inFlight }),
    ),
  );
  const endedAt = await instances.whenHandled(tasks);
  const used = await stopMeter();
  await instances.close();
  return {
    tasksPerSecond: (tasks * 1e6) / (endedAt - startedAt),
    redisMicrosPerTask: used.redisCpuMicros / tasks,
  };
};
