import { beforeEach, describe, expect, it } from '@jest/globals';
import { NotTaskOwnerError } from '../errors/index.js';
import { AttemptLedger } from './attempt-ledger.js';

/** What a take returns for an attempt of a task. */
const reply = (id: string, attempt = 1, opts: object = {}) => [
  [
    'id',
    id,
    'name',
    'type',
    'data',
    '{}',
    'opts',
    JSON.stringify(opts),
    'ats',
    String(attempt),
    'timestamp',
    '1',
  ],
  id,
  0,
  0,
  [`0:${attempt}:3:17:9:0: ${id}`, 'tag', 5],
];
const nothing = [0, 0, 0, 0];

let ledger: AttemptLedger;
beforeEach(() => {
  ledger = new AttemptLedger('worker-1');
});

describe('AttemptLedger', () => {
  it('knows the attempt that was taken, until its outcome is recorded', () => {
    const { task, limitMs } = ledger.taken(reply('a', 2, { retryOrder: 'skip' }));
    expect([task?.id, limitMs, task?.name]).toEqual(['a', 0, 'type']);
    expect(ledger.current).toMatchObject({
      id: 'a',
      attempt: 2,
      identifyTag: 'tag',
      batchPosition: 3,
      fencingToken: 17,
      stored: { retryOrder: 'skip' },
    });
    expect(ledger.running('a')).toBe(ledger.current);
    ledger.ended();
    expect(ledger.current).toBeUndefined();
    expect(() => ledger.running('a')).toThrow(NotTaskOwnerError);
  });

  it('takes block for the retry order that a task without one means', () => {
    ledger.taken(reply('a'));
    expect(ledger.current?.stored.retryOrder).toBe('block');
  });

  it('knows nothing after a take that found nothing', () => {
    ledger.taken(reply('a'));
    expect(ledger.taken(nothing)).toEqual({ task: undefined, limitMs: 0 });
    expect(ledger.current).toBeUndefined();
  });

  it('answers for no other task', () => {
    ledger.taken(reply('a'));
    expect(() => ledger.running('b')).toThrow(NotTaskOwnerError);
    expect(() => new AttemptLedger('w').running('a')).toThrow(NotTaskOwnerError);
  });

  it('lets nothing more be sent once the outcome was refused', () => {
    ledger.taken(reply('a'));
    const refusal = new Error('not yours');
    ledger.refuse(refusal);
    expect(() => ledger.running('a')).toThrow(refusal);
    ledger.taken(reply('a', 2));
    expect(ledger.running('a').attempt).toBe(2);
  });

  it('remembers the task that its handler moved, until the next take', () => {
    ledger.taken(reply('a'));
    expect(ledger.wasMovedByHandler('a')).toBe(false);
    ledger.handedOver();
    expect(ledger.wasMovedByHandler('a')).toBe(true);
    expect(ledger.wasMovedByHandler('b')).toBe(false);
    expect(() => ledger.running('a')).toThrow(NotTaskOwnerError);
    ledger.taken(nothing);
    expect(ledger.wasMovedByHandler('a')).toBe(false);
  });
});

describe('a task that BullMQ cannot read', () => {
  it('is stranded at once', () => {
    const broken = reply('a', 4);
    broken[0] = ['name', 'type', 'opts', '{', 'ats', '4'];
    expect(ledger.taken(broken).task?.malformed).toMatch(/^malformed task: .*JSON/);
    expect(ledger.running('a')).toMatchObject({ id: 'a', attempt: 4, identifyTag: 'tag' });
    expect(ledger.stranded).toEqual({
      id: 'a',
      options: {},
      reason: expect.stringMatching(/^malformed task: .*JSON/),
    });
  });
});

describe('an attempt that comes again without an outcome', () => {
  const options = { removeOnFail: 3 };

  it('is stranded at once when its handler was called', () => {
    ledger.taken(reply('a', 1, options));
    ledger.begun();
    ledger.noteError(new Error('Unknown backoff strategy'));
    expect(ledger.isRepeated).toBe(false);
    ledger.taken(reply('a', 1, options));
    expect(ledger.isRepeated).toBe(true);
    expect(ledger.stranded).toEqual({
      id: 'a',
      options,
      reason: 'the attempt could not be recorded: Unknown backoff strategy',
    });
  });

  it('is stranded after some tries when BullMQ never called its handler', () => {
    for (let take = 1; take <= 3; take += 1) {
      ledger.taken(reply('a', 1, options));
      ledger.noteError(new Error(`fault ${take}`));
      expect(ledger.stranded).toBeUndefined();
    }
    ledger.taken(reply('a', 1, options));
    expect(ledger.stranded?.reason).toBe('the attempt could not be begun: fault 3');
  });

  it('whose handler only said that it had moved it is stranded for that reason', () => {
    ledger.taken(reply('a'));
    ledger.begun();
    ledger.taken(reply('a'));
    expect(ledger.stranded?.reason).toBe('its handler said that it had moved the task, and had not');
  });

  it('is a new one when it is another attempt, or when the last one was refused', () => {
    ledger.taken(reply('a', 1));
    ledger.begun();
    ledger.taken(reply('a', 2));
    expect(ledger.stranded).toBeUndefined();
    ledger.begun();
    ledger.refuse(new Error('lost'));
    ledger.taken(reply('a', 2));
    expect(ledger.stranded).toBeUndefined();
    expect(ledger.isRepeated).toBe(false);
  });
});
