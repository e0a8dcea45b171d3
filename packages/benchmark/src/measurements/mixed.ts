import { Instances } from '../processes/instances.js';
import { monotonicMicros } from '../processes/messages.js';
import type { Measurement } from './measurement.js';

export interface MixedInput {
  readonly instances: number;
  readonly tasks: number;
  /** So many are added and run by the same processes before, so that their code is compiled. */
  readonly warmUpTasks: number;
  readonly tags: number;
  /** In each instance. */
  readonly workers: number;
  readonly inFlight: number;
}

/** Every process adds its share one by one and runs what it is given, at the same time. */
export const measureMixed: Measurement<MixedInput> = async ({ peer, redisUrl, startMeter }, input) => {
  const { tasks, warmUpTasks, tags, workers, inFlight } = input;
  const instances = await Instances.spawn(input.instances, {
    redisUrl,
    peer,
    workers,
    handlerMs: 0,
    record: false,
  });
  await instances.start();
  /** @returns when the last handler ended, µs of the monotonic clock */
  const play = async (from: number, total: number): Promise<number> => {
    const count = total / input.instances;
    await Promise.all(
      instances.all.map((instance, index) =>
        instance.ask('add', { from: from + index * count, count, tags, inFlight }),
      ),
    );
    return instances.whenHandled(from + total);
  };
  await play(0, warmUpTasks);
  const stopMeter = await startMeter('add and process', tasks);
  const startedAt = monotonicMicros();
  const endedAt = await play(warmUpTasks, tasks);
  const used = await stopMeter();
  await instances.close();
  return {
    tasksPerSecond: (tasks * 1e6) / (endedAt - startedAt),
    redisMicrosPerTask: used.redisCpuMicros / tasks,
  };
};
