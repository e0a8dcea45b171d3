import { Injectable, NotFoundException } from '@nestjs/common';
import { QueueService, type QueueStats, type Task } from 'nestjs-affinity-queue';
import type { TaskRequest } from './tasks/task.schema.js';

const ADDED_MESSAGE = '任务已添加到队列';

export interface AddedTask {
  message: string;
  jobId: string | undefined;
  task: Task;
}

export interface AddedTasks {
  message: string;
  count: number;
  jobIds: (string | undefined)[];
}

export interface TaskReport {
  id: string | undefined;
  task: Task;
  state: string;
  progress: unknown;
  attemptsMade: number;
  result?: unknown;
  failedReason?: string;
}

@Injectable()
export class AppService {
  constructor(private readonly queueService: QueueService) {}

  async addTask({ options, ...task }: TaskRequest): Promise<AddedTask> {
    const job = await this.queueService.add(task, options);
    return { message: ADDED_MESSAGE, jobId: job.id, task };
  }

  /** One call for all, so that the queue checks every task before it adds the first; it adds them in this order. */
  async addTasks(tasks: TaskRequest[]): Promise<AddedTasks> {
    const jobs = await this.queueService.addBulk(tasks);
    return { message: ADDED_MESSAGE, count: jobs.length, jobIds: jobs.map(({ id }) => id) };
  }

  /** @throws NotFoundException for an id that never was or whose retention is over */
  async getTask(id: string): Promise<TaskReport> {
    // The state first: what is read after it is at least as new, so a completed task has its result.
    const state = await (await this.queueService.getJob(id))?.getState();
    const job = await this.queueService.getJob(id);
    if (!job || !state) throw new NotFoundException(`There is no task '${id}'.`);
    return {
      id: job.id,
      task: job.data as Task,
      state,
      progress: job.progress,
      attemptsMade: job.attemptsMade,
      ...(state === 'completed' && { result: job.returnvalue as unknown }),
      ...(state === 'failed' && { failedReason: job.failedReason }),
    };
  }

  async getQueueStats(): Promise<QueueStats> {
    return this.queueService.getQueueStats();
  }
}
