import { until } from '../instruments/until.js';
import { InstanceProcess } from './instance-process.js';
import type { InstanceSetup } from './messages.js';

const progress = { pollMs: 50, timeoutMs: 240_000 };

/** Several instances of one peer at the same time. */
export class Instances {
  private constructor(readonly all: readonly InstanceProcess[]) {}

  static async spawn(count: number, setup: InstanceSetup): Promise<Instances> {
    return new Instances(
      await Promise.all(Array.from({ length: count }, () => InstanceProcess.spawn(setup))),
    );
  }

  async start(): Promise<void> {
    await Promise.all(this.all.map((instance) => instance.ask('start')));
  }

  /** @returns when the last handler ended, µs of the monotonic clock */
  async whenHandled(total: number): Promise<number> {
    let lastEndMicros = 0;
    await until(
      async () => {
        const replies = await Promise.all(this.all.map((instance) => instance.ask('progress')));
        lastEndMicros = Math.max(...replies.map((each) => each.lastEndMicros));
        return replies.reduce((sum, { handled }) => sum + handled, 0) >= total;
      },
      `${total} tasks handled`,
      progress,
    );
    return lastEndMicros;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((instance) => instance.close()));
  }
}
