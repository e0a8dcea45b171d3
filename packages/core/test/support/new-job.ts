import type { NewJob } from '../../src/bullmq/job-adder.js';

/** A task that has been checked, for specs of what happens then. */
export function newJob(id: string, more: Partial<NewJob> = {}): NewJob {
  return {
    id,
    isIdDrawn: false,
    name: 'note',
    data: { identifyTag: 't', type: 'note', payload: id },
    json: `"${id}"`,
    payloadBytes: 10,
    opts: {},
    optsJson: '{}',
    isPlain: true,
    timestamp: 7,
    ...more,
  };
}
