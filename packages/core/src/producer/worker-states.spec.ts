import { expect, it } from '@jest/globals';
import { decodeWorkerState } from './worker-states.js';

it('decodes the documented hash of a worker', () => {
  const running = {
    workerId: 'w',
    status: 'running',
    currentIdentifyTag: 'company-1',
    currentBatchSize: '7',
  };
  expect(decodeWorkerState('w', running)).toEqual({ ...running, currentBatchSize: 7 });
  const idle = { workerId: 'w', status: 'idle', currentIdentifyTag: '', currentBatchSize: '0' };
  expect(decodeWorkerState('w', idle)).toEqual({ ...idle, currentIdentifyTag: null, currentBatchSize: 0 });
});

it('knows nothing of a worker whose hash is gone', () => {
  expect(decodeWorkerState('w', {})).toBeUndefined();
});
