import { describe, expect, it } from '@jest/globals';
import {
  decodeEvent,
  eventTypeOf,
  streamedEvents,
  type QueueEventType,
  type RawEvent,
} from './queue-event.js';

describe('eventTypeOf', () => {
  it('knows every type by its name in the stream, and nothing else', () => {
    expect(streamedEvents).toHaveLength(10);
    for (const [type, name] of streamedEvents) expect(eventTypeOf(name)).toBe(type);
    expect(eventTypeOf('active')).toBe('started');
    for (const name of ['started', 'waiting', 'drained', 'progress', '', '__proto__', 'constructor']) {
      expect(eventTypeOf(name)).toBeUndefined();
    }
  });
});

describe('decodeEvent', () => {
  const decoded: [QueueEventType, RawEvent, object][] = [
    ['added', { jobId: '1', name: 'note', event: 'added' }, { jobId: '1', name: 'note' }],
    [
      'bound',
      { identifyTag: 'a:b', workerId: 'w', size: '3', fencingToken: '1795300738174985' },
      { identifyTag: 'a:b', workerId: 'w', size: 3, fencingToken: 1_795_300_738_174_985 },
    ],
    ['started', { jobId: '1', prev: 'waiting' }, { jobId: '1' }],
    [
      'completed',
      { jobId: '1', returnvalue: '{"a":[1,null]}' },
      { jobId: '1', returnvalue: { a: [1, null] } },
    ],
    ['failed', { jobId: '1', failedReason: 'no' }, { jobId: '1', failedReason: 'no' }],
    [
      'retried',
      { jobId: '1', attemptsMade: '2', delay: '1000' },
      { jobId: '1', attemptsMade: 2, delayMs: 1_000 },
    ],
    [
      'released',
      { identifyTag: 't', workerId: 'w', size: '3', reason: 'limit' },
      { identifyTag: 't', workerId: 'w', size: 3, reason: 'limit' },
    ],
    ['recovered', { workerId: 'w', count: '7' }, { workerId: 'w', count: 7 }],
    [
      'leaderChanged',
      { nodeId: 'n', epoch: '1795300738174985' },
      { nodeId: 'n', epoch: 1_795_300_738_174_985 },
    ],
    ['leaderless', { nodeId: 'n' }, { nodeId: 'n' }],
  ];

  it.each(decoded)('%s', (type, raw, fields) => {
    const event = decodeEvent(type, raw, '17-0');
    expect(event).toEqual({ type, eventId: '17-0', ...fields });
    expect(Object.isFrozen(event)).toBe(true);
  });

  it('covers every type', () => {
    expect(new Set(decoded.map(([type]) => type))).toEqual(new Set(streamedEvents.map(([type]) => type)));
  });

  it.each([
    ['null', null],
    ['""', ''],
    ['', undefined],
    [undefined, undefined],
    ['{broken', undefined],
  ])('a result stored as %j is %j', (returnvalue, expected) => {
    expect(decodeEvent('completed', { jobId: '1', returnvalue }, '1-0')).toMatchObject({
      returnvalue: expected,
    });
  });

  it('what is missing is empty, never an error', () => {
    expect(decodeEvent('failed', {}, '1-0')).toEqual({
      type: 'failed',
      eventId: '1-0',
      jobId: '',
      failedReason: '',
    });
  });
});
