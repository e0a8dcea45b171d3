import type { Redis } from 'ioredis';
import { startMeter, type StartMeter } from '../instruments/meter.js';
import { NodeProfiler } from './node-profile.js';
import type { PhaseProfile } from './phase-profile.js';
import { RedisProfiler } from './redis-profile.js';
import { ScriptNames } from '../instruments/script-names.js';

const shownFunctions = 40;
const shownCommands = 25;

/** A meter that also profiles what it measures; the figures of such a run are slower and are not used. */
export class ProfilingMeter {
  readonly phases: PhaseProfile[] = [];
  readonly #scriptNames = new ScriptNames();

  constructor(private readonly redis: Redis) {}

  readonly start: StartMeter = async (phase, tasks) => {
    const node = new NodeProfiler();
    const redis = new RedisProfiler(this.redis, this.#scriptNames);
    await redis.start();
    const stopMeter = await startMeter(this.redis);
    await node.start();
    return async (counted = tasks) => {
      const { byPackage, byFunction } = await node.stop();
      const used = await stopMeter();
      const { byScript, byCommand } = await redis.stop();
      this.phases.push({
        phase,
        tasks: counted,
        seconds: used.seconds,
        node: { byPackage, byFunction: byFunction.slice(0, shownFunctions) },
        redis: { byScript, byCommand: byCommand.slice(0, shownCommands) },
      });
      return used;
    };
  };
}
