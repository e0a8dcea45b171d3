import type { NewJob } from '../bullmq/job-adder.js';
import type { AddTracer, TracedAdd } from '../observability/add-tracer.interface.js';
import { tracedJobs } from './traced-jobs.js';
import type { TaskWriter } from './task-writer.js';

/** What the queue writes tasks with. */
export interface TaskWriting extends Pick<TaskWriter, 'settled'> {
  write(newJobs: readonly NewJob[], operation: TracedAdd['operation']): Promise<string[]>;
}

/** Writes tasks under a span, and gives them what their trace goes on with. */
export class TracedTaskWriter implements TaskWriting {
  constructor(
    private readonly writer: TaskWriter,
    private readonly trace: AddTracer,
  ) {}

  write(newJobs: readonly NewJob[], operation: TracedAdd['operation']): Promise<string[]> {
    const names = newJobs.map(({ name }) => name);
    return this.trace({ operation, names }, (metadata) => this.writer.write(tracedJobs(newJobs, metadata)));
  }

  settled(): Promise<void> {
    return this.writer.settled();
  }
}
