import type { QueueService } from 'nestjs-affinity-queue';

const betweenPassesMs = 400;
const tags = { paused: 'tag 23', purged: 'tag 22', own: 'chores' } as const;
const schedules = { lasting: 'lasting', brief: 'brief' } as const;
const quick = { ms: 0, failures: 0, writes: false };
const scheduled = { type: 'step', identifyTag: 'scheduled', payload: quick };
const hourMs = 3_600_000;

/**
 * Everything else that a producer can do to a queue while tasks run, one thing after the other, again and again. What it
 * pauses it lets go on at once; if it is killed in between, the next pass of another producer does, or {@link tidy}.
 */
export class Chores {
  /** Chores that failed. */
  refused = 0;
  #isOn = false;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly service: QueueService) {}

  set isOn(isOn: boolean) {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    clearTimeout(this.#timer);
    if (isOn) this.#next();
  }

  /** Ends what would go on for ever. */
  async tidy(): Promise<void> {
    this.isOn = false;
    await this.#running;
    await this.service.resume();
    await this.service.resumeTag(tags.paused);
    await this.service.queue.removeGlobalConcurrency();
    for (const id of Object.values(schedules)) await this.service.unschedule(id);
  }

  #next(): void {
    this.#running = this.#pass().finally(() => {
      if (this.#isOn) this.#timer = setTimeout(() => this.#next(), betweenPassesMs);
    });
  }

  async #pass(): Promise<void> {
    for (const chore of [
      () => this.#look(),
      () => this.#pause(),
      () => this.#schedule(),
      () => this.#takeBack(),
      () => this.#administer(),
    ]) {
      if (!this.#isOn) return;
      try {
        await chore();
      } catch {
        // As an add that is refused: it is tried again, and what it came to the checker sees.
        this.refused += 1;
      }
    }
  }

  async #look(): Promise<void> {
    const { service } = this;
    await service.getQueueStats();
    await service.getTags();
    await service.getTagStats(tags.paused);
    await service.getWorkers();
    await service.getWorkerDetails();
    await service.queue.getJobCounts();
    await service.queue.getWaiting(0, 1);
  }

  async #pause(): Promise<void> {
    const { service } = this;
    await service.pauseTag(tags.paused);
    await service.resumeTag(tags.paused);
    await service.pause();
    await service.resume();
  }

  async #schedule(): Promise<void> {
    const { service } = this;
    await service.schedule(schedules.lasting, { every: 200 }, scheduled);
    await service.schedule(schedules.brief, { every: 5_000 }, scheduled);
    await service.getSchedules();
    await service.unschedule(schedules.brief);
  }

  /** Of tasks. */
  async #takeBack(): Promise<void> {
    const { service } = this;
    const { id = '' } = await service.add(
      { type: 'step', identifyTag: tags.own, payload: quick },
      { delay: 2_000 },
    );
    const job = await service.getJob(id);
    await job?.getState();
    await job?.updateData(job.data);
    await job?.removeUnprocessedChildren();
    await service.explain(id);
    await service.remove(id);
    const [running] = await service.queue.getActive(0, 0);
    if (running?.id !== undefined) await service.cancel(running.id);
    await service.purgeTag(tags.purged);
    await service.retryFailed({ limit: 2 });
  }

  async #administer(): Promise<void> {
    const { queue } = this.service;
    // More than there are workers: nothing waits for it.
    await queue.setGlobalConcurrency(1_000);
    await queue.removeGlobalConcurrency();
    // Nothing here is that old.
    await queue.clean(hourMs, 10, 'wait');
  }
}
