import { describe, expect, it } from '@jest/globals';
import { BatchSizes } from './batch-sizes.js';

describe('BatchSizes', () => {
  it('knows the size of a batch when its worker runs a task of the next one', () => {
    const sizes: number[] = [];
    const batches = new BatchSizes((size) => sizes.push(size));
    for (const [worker, token, position] of [
      ['w1', 7, 1],
      ['w2', 8, 1],
      ['w1', 7, 2],
      ['w1', 9, 1],
      ['w2', 8, 2],
      ['w2', 8, 3],
      ['w2', 10, 1],
    ] as const)
      batches.began(worker, token, position);
    expect(sizes).toEqual([2, 3]);
  });

  it('and when its worker has no batch any more, once', () => {
    const sizes: number[] = [];
    const batches = new BatchSizes((size) => sizes.push(size));
    batches.began('w1', 7, 1);
    batches.began('w2', 8, 4);
    batches.settle(new Set(['w1', 'w2']));
    expect(sizes).toEqual([]);
    batches.settle(new Set(['w1']));
    batches.settle(new Set(['w1']));
    expect(sizes).toEqual([4]);
  });
});
