import { describe, expect, it, jest } from '@jest/globals';
import { CommandTimeoutError } from '../errors/errors.js';
import { sightQueue } from '../module/queue-sighting.js';
import type { QueueContext } from '../redis/queue-context.js';
import { QueueProbe } from './queue-probe.js';

function probe() {
  let answer!: (reply: unknown) => void;
  const run = jest.fn(() => new Promise<unknown>((resolve) => (answer = resolve)));
  const context = {
    scripts: { run },
    keys: { leaderInfo: 'info' },
    options: { maxPayloadBytes: 1, maxTagBytes: 1 },
  } as unknown as QueueContext;
  return {
    probe: new QueueProbe({ sight: () => sightQueue(context) }),
    run,
    answer: () => {
      answer(['n:1', 500, '{}', '1000', null, null]);
    },
  };
}

describe('a question that Redis does not answer', () => {
  it('is given up in time, and not asked again while it is under way', async () => {
    const { probe: asked, run, answer } = probe();
    for (let i = 0; i < 3; i += 1) await expect(asked.look(1)).rejects.toBeInstanceOf(CommandTimeoutError);
    expect(run).toHaveBeenCalledTimes(1);
    const late = asked.look(1_000);
    answer();
    expect(await late).toMatchObject({ lockValue: 'n:1', lockTtlMs: 500, nowMs: 1_000, oldestTag: null });
    await expect(asked.look(1)).rejects.toBeInstanceOf(CommandTimeoutError);
    expect(run).toHaveBeenCalledTimes(2);
  });
});
