import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BlockingWait, WaitListener } from './blocking-wait.js';
import { InstanceIds } from './instance-ids.js';
import { WorkerMarker, type CancelledAttempt } from './worker-marker.js';

describe('WorkerMarker', () => {
  const unwatch = jest.fn();
  const watch = jest.fn<(key: string, listener: WaitListener) => () => void>(() => unwatch);
  let marker: WorkerMarker;

  const worker = () => ({ wake: jest.fn(), cancel: jest.fn<(cancelled: CancelledAttempt) => void>() });
  const arrives = (member: string): void => watch.mock.lastCall?.[1](member, 0);

  beforeEach(() => {
    jest.clearAllMocks();
    marker = new WorkerMarker('the-key', new InstanceIds('node'), { watch } as unknown as BlockingWait);
  });

  it('waits on its key from the first worker to the last', () => {
    marker.add('w1', worker());
    marker.add('w2', worker());
    expect(watch.mock.calls.map(([key]) => key)).toEqual(['the-key']);
    marker.remove('w1');
    marker.remove('never added');
    expect(unwatch).not.toHaveBeenCalled();
    marker.remove('w2');
    expect(unwatch).toHaveBeenCalledTimes(1);
    marker.remove('w2');
    expect(unwatch).toHaveBeenCalledTimes(1);
    marker.add('w3', worker());
    expect(watch).toHaveBeenCalledTimes(2);
  });

  it('wakes the worker that is named', () => {
    const [first, second] = [worker(), worker()];
    marker.add('w1', first);
    marker.add('w2', second);
    arrives('w2');
    expect(second.wake).toHaveBeenCalledTimes(1);
    expect(first.wake).not.toHaveBeenCalled();
  });

  it.each(['a1', 'with:colons', '5:6', 'with\nlines', ''])(
    'tells which attempt was cancelled: task %j',
    (jobId) => {
      const named = worker();
      marker.add('node-1', named);
      arrives(`cancel:node-1:3:17:${jobId}`);
      expect(named.cancel.mock.calls).toEqual([[{ jobId, attempt: 3, seq: '17' }]]);
      expect(named.wake).not.toHaveBeenCalled();
    },
  );

  it('ignores what is for a worker that is gone', () => {
    const left = worker();
    marker.add('w1', left);
    arrives('w9');
    arrives('cancel:w9:1:1:a1');
    expect([left.wake.mock.calls, left.cancel.mock.calls]).toEqual([[], []]);
  });

  it('tells the queue that is named that a heartbeat is asked for', () => {
    const listener = worker();
    const [asked, other] = [jest.fn(), jest.fn()];
    marker.add('w1', listener);
    marker.onBeatAsked('bull:a:', asked);
    marker.onBeatAsked('bull:b:', other);
    arrives('beat:bull:a:');
    arrives('beat:bull:unknown:');
    expect([asked, other, listener.wake].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0]);
  });

  it('never gives an id twice', () => {
    expect([marker.nextWorkerId(), marker.nextWorkerId()]).toEqual(['node-1', 'node-2']);
  });
});
