import type { Redis } from 'ioredis';
import { readCommandStatistics, type CommandStatistic } from '../instruments/redis-info.js';
import { readSlowLog, startSlowLog } from '../instruments/slow-log.js';
import { bySize, type CallShare } from './phase-profile.js';
import type { ScriptNames } from '../instruments/script-names.js';

/** Commands inside scripts are recorded as well; nearly all of them are shorter, no script of weight is. */
const scriptsFromMicros = 10;

/** Redis' own accounting around a phase: time per command, and per script by its slow log. */
export class RedisProfiler {
  #before: readonly CommandStatistic[] = [];

  constructor(
    private readonly redis: Redis,
    private readonly scriptNames: ScriptNames,
  ) {}

  async start(): Promise<void> {
    await startSlowLog(this.redis, scriptsFromMicros);
    this.#before = await readCommandStatistics(this.redis);
  }

  async stop(): Promise<{ byScript: CallShare[]; byCommand: CallShare[] }> {
    const after = await readCommandStatistics(this.redis);
    return { byScript: await this.#scripts(), byCommand: this.#commands(after) };
  }

  #commands(after: readonly CommandStatistic[]): CallShare[] {
    const before = new Map(this.#before.map((statistic) => [statistic.command, statistic]));
    const changes = after.map(({ command, calls, micros }) => ({
      name: command,
      calls: calls - (before.get(command)?.calls ?? 0),
      micros: micros - (before.get(command)?.micros ?? 0),
    }));
    return bySize(changes.filter(({ calls }) => calls > 0));
  }

  async #scripts(): Promise<CallShare[]> {
    const sums = new Map<string, { calls: number; micros: number }>();
    for (const { command, firstArgument, micros } of await readSlowLog(this.redis)) {
      if (!command.startsWith('eval')) continue;
      const name = this.scriptNames.nameOf(command, firstArgument);
      const sum = sums.get(name) ?? { calls: 0, micros: 0 };
      sums.set(name, { calls: sum.calls + 1, micros: sum.micros + micros });
    }
    return bySize([...sums].map(([name, sum]) => ({ name, ...sum })));
  }
}
