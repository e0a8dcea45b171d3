import { describe, expect, it } from '@jest/globals';
import { DelayedError, UnrecoverableError } from 'bullmq';
import { LeaseLostError } from '../../errors/errors.js';
import type { WatchedAttempt } from '../instruments.interface.js';
import { QueueInstruments, type InstrumentListener } from './queue-instruments.js';

function attempt(attemptsMade = 0, abortReason?: Error): WatchedAttempt {
  return { job: { attemptsMade, opts: { attempts: 3 } }, abortReason } as unknown as WatchedAttempt;
}

function listen(instruments: QueueInstruments) {
  const said: unknown[] = [];
  const listener: InstrumentListener = {
    attemptBegan: () => said.push('began'),
    attemptEnded: (_attempt, outcome, durationMs) => said.push(outcome, durationMs >= 0),
    dispatched: (ms) => said.push(ms),
    beat: (ms) => said.push(ms),
    recovered: (tasks) => said.push(tasks),
  };
  return { said, stop: instruments.attach(listener) };
}

const fail = (error: Error) => () => Promise.reject(error);

describe('QueueInstruments', () => {
  it.each([
    ['failed', 2, new Error('no')],
    ['retried', 1, new Error('no')],
    ['failed', 0, new UnrecoverableError('no')],
    ['moved', 2, new DelayedError()],
  ] as const)('an attempt is %s that threw after %i others', async (outcome, made, error) => {
    const instruments = new QueueInstruments();
    const { said } = listen(instruments);
    await expect(instruments.attempt(attempt(made), fail(error))).rejects.toBe(error);
    expect(said).toEqual(['began', outcome, true]);
  });

  it('an attempt is completed that returned, and discarded without its lease', async () => {
    const instruments = new QueueInstruments();
    const { said } = listen(instruments);
    expect(await instruments.attempt(attempt(), () => Promise.resolve(7))).toBe(7);
    const lost = new LeaseLostError({ holder: 'w', reason: 'no heartbeat' });
    await instruments.attempt(attempt(0, lost), () => Promise.resolve());
    await expect(instruments.attempt(attempt(0, lost), fail(new Error('no')))).rejects.toThrow('no');
    expect(said.filter((word) => typeof word === 'string' && word !== 'began')).toEqual([
      'completed',
      'discarded',
      'discarded',
    ]);
  });

  it('tells whoever listens, until they do no more', () => {
    const instruments = new QueueInstruments();
    const { said, stop } = listen(instruments);
    instruments.dispatched(1);
    instruments.beat(2);
    instruments.recovered(3);
    stop();
    instruments.dispatched(4);
    expect(said).toEqual([1, 2, 3]);
  });

  it('goes around an attempt with what traces it', async () => {
    const order: string[] = [];
    const instruments = new QueueInstruments(async (_attempt, run) => {
      order.push('before');
      const result = await run();
      order.push('after');
      return result;
    });
    await instruments.attempt(attempt(), async () => order.push('handler'));
    expect(order).toEqual(['before', 'handler', 'after']);
  });
});
