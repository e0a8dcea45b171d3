import type { Queue } from 'bullmq';
import type { ScheduledTaskOptions, ScheduleTiming } from '../domain/schedule.js';
import type { Task } from '../domain/task.js';
import { isWellFormed } from '../domain/text.js';
import { assertValidScheduleId, checkTiming } from '../domain/validate-schedule.js';
import type { QueueContext } from '../redis/queue-context.js';
import { asTypedError } from '../redis/script-runner.js';
import { NewJobs } from './new-jobs.js';
import { decodeSchedules, newSchedule, type Schedule } from './schedule-info.js';
import { scheduledJob } from './scheduled-job.js';

/** The schedules of a queue: BullMQ's job schedulers, which make tasks. */
export class Schedules {
  readonly #newJobs: NewJobs;

  constructor(
    private readonly context: QueueContext,
    private readonly queue: () => Queue,
  ) {
    this.#newJobs = new NewJobs(context.options);
  }

  /** @throws as `QueueService.schedule` */
  async set(
    id: string,
    timing: ScheduleTiming,
    task: Task,
    options: ScheduledTaskOptions | undefined,
  ): Promise<Schedule> {
    assertValidScheduleId(id);
    const checked = checkTiming(timing, Date.now());
    const job = scheduledJob(this.#newJobs, id, task, options);
    const { cron: pattern, ...rest } = checked;
    const { name, json, opts } = job;
    const repeat = Object.fromEntries(
      Object.entries({ pattern, ...rest }).filter(([, value]) => value !== undefined),
    );
    const data: unknown = JSON.parse(json);
    try {
      await this.queue().upsertJobScheduler(id, repeat, { name, data, opts });
    } catch (error) {
      throw asTypedError(error, 'schedule', this.context.hub.commandTimeoutMs);
    }
    // Somebody may have removed it by now.
    return (await this.get(id)) ?? newSchedule(id, checked, job);
  }

  async get(id: string): Promise<Schedule | undefined> {
    if (!isText(id)) return undefined;
    const [schedule] = decodeSchedules(await this.context.scripts.run('getSchedules', { args: [id, 1] }));
    return schedule;
  }

  async list(limit: number): Promise<Schedule[]> {
    return decodeSchedules(await this.context.scripts.run('getSchedules', { args: ['', limit] }));
  }

  async remove(id: string): Promise<boolean> {
    if (!isText(id)) return false;
    const { scripts, keys } = this.context;
    const theirs = ['repeat', 'delayed', 'events'].map((key) => keys.base + key);
    return (await scripts.run('removeScheduler', { keys: theirs, args: [id, keys.base] })) === 0;
  }
}

/** Others may have made schedules whose ids would be refused here. */
function isText(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && isWellFormed(id);
}
