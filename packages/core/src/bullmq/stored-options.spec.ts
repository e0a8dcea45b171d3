import { describe, expect, it } from '@jest/globals';
import { storedOptions } from './stored-options.js';

const keepOf = (options: object) => storedOptions(JSON.stringify(options)).keep;

describe('storedOptions', () => {
  it('decodes what BullMQ stores, under its own names', () => {
    const { options, retryOrder } = storedOptions('{"attempts":3,"kl":5,"retryOrder":"skip"}');
    expect(options).toMatchObject({ attempts: 3, keepLogs: 5 });
    expect(retryOrder).toBe('skip');
    expect(storedOptions('{}').retryOrder).toBe('block');
  });

  it('decodes a set of options once, whatever the ids of its tasks', () => {
    const one = storedOptions('{"attempts":7,"jobId":"one","backoff":1}');
    expect(storedOptions('{"attempts":7,"jobId":"another","backoff":1}')).toBe(one);
    expect(storedOptions('{"attempts":8,"jobId":"one","backoff":1}')).not.toBe(one);
    expect(storedOptions('{"attempts":7,"jobId":"one","backoff":2}')).not.toBe(one);
  });

  it('keeps no long text of another producer in memory', () => {
    const text = JSON.stringify({ attempts: 2, note: 'x'.repeat(5_000) });
    expect(storedOptions(text)).toEqual(storedOptions(text));
    expect(storedOptions(text)).not.toBe(storedOptions(text));
  });

  it('is not misled by an id that looks like the end of the text', () => {
    const quoted = storedOptions(JSON.stringify({ jobId: 'a","attempts":9,"x":"', attempts: 4 }));
    expect(quoted.options.attempts).toBe(4);
  });

  it.each([
    ['nothing', undefined, ':'],
    ['false', false, ':'],
    ['true', true, '0:'],
    ['a number', 5, '5:'],
    ['no task', 0, '0:'],
    ['a number below 0', -1, ':'],
    ['a number and an age', { count: 5, age: 60 }, '5:60'],
    ['an age', { age: 60 }, ':60'],
    ['no limit', {}, ':'],
    ["what only BullMQ's script may judge", { count: 'many' }, undefined],
    ['a number that is not whole', 1.5, undefined],
    ['an age that is not whole', { age: 0.5 }, undefined],
    ["null, which BullMQ's script refuses", null, undefined],
  ])('knows which completed tasks are kept: %s', (_name, removeOnComplete, rule) => {
    expect(keepOf({ removeOnComplete })).toEqual(rule);
  });

  it.each(['{"attempts":', 'null'])('throws for a text that BullMQ cannot read: %p', (text) => {
    expect(() => storedOptions(text)).toThrow();
    expect(() => storedOptions(text)).toThrow();
  });
});
