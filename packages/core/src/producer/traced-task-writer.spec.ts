import { describe, expect, it } from '@jest/globals';
import type { NewJob } from '../bullmq/job-adder.js';
import { newJob } from '../../test/support/new-job.js';
import type { TaskWriter } from './task-writer.js';
import { TracedTaskWriter } from './traced-task-writer.js';

describe('TracedTaskWriter', () => {
  it('gives every task what its trace goes on with, as BullMQ keeps it, and changes nothing else', async () => {
    const written: NewJob[] = [];
    const writer = {
      write: async (newJobs: readonly NewJob[]) => {
        written.push(...newJobs);
        return newJobs.map(({ id }) => id);
      },
    } as unknown as TaskWriter;
    const told: unknown[] = [];
    const traced = new TracedTaskWriter(writer, (added, add) => {
      told.push(added);
      return add('the trace');
    });
    const newJobs = [newJob('1'), newJob('2')];
    const before = structuredClone(newJobs);
    expect(await traced.write(newJobs, 'addBulk')).toEqual(['1', '2']);
    expect(told).toEqual([{ operation: 'addBulk', names: newJobs.map(({ name }) => name) }]);
    expect(newJobs).toEqual(before);
    for (const [index, { opts, optsJson, ...rest }] of written.entries()) {
      const { opts: givenOpts, optsJson: givenJson, ...given } = before[index]!;
      expect(rest).toEqual(given);
      expect(opts).toEqual({ ...givenOpts, telemetry: { metadata: 'the trace' } });
      expect(JSON.parse(optsJson)).toEqual({ ...JSON.parse(givenJson), tm: 'the trace' });
    }
  });

  it('leaves the tasks as they are where there is no trace', async () => {
    const newJobs = [newJob('1')];
    const writer = {
      write: async (given: unknown) => {
        expect(given).toBe(newJobs);
        return ['1'];
      },
    } as unknown as TaskWriter;
    expect(await new TracedTaskWriter(writer, (_added, add) => add(undefined)).write(newJobs, 'add')).toEqual(
      ['1'],
    );
  });
});
