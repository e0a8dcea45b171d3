import { monitorCommands } from '../instruments/command-monitor.js';
import { pause, until } from '../instruments/until.js';
import type { Peer } from '../peers/peer.js';
import type { Measurement } from './measurement.js';
import { makeTask } from './tasks.js';

export interface IdleInput {
  readonly instances: number;
  readonly workers: number;
  readonly settleMs: number;
  readonly windowMs: number;
}

/** What clients send while there is nothing to do, after every instance has started and one task has run. */
export const measureIdle: Measurement<IdleInput> = async ({ open, redisUrl }, input) => {
  const instances: Peer[] = [];
  let handled = 0;
  for (let index = 0; index < input.instances; index += 1) {
    const instance = await open(redisUrl, { workers: input.workers });
    await instance.process(() => {
      handled += 1;
    });
    instances.push(instance);
  }
  await instances[0]?.add(makeTask(0, 1));
  await until(() => handled === 1, 'the first task has run');
  await pause(input.settleMs);
  const monitor = await monitorCommands(redisUrl);
  await pause(input.windowMs);
  monitor.stop();
  await Promise.all(instances.map((instance) => instance.close()));
  const sent = [...monitor.counts.values()].reduce((sum, count) => sum + count, 0);
  return { commandsPerSecond: sent / (input.windowMs / 1_000) / input.instances };
};
