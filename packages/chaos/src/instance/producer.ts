import type { QueueService } from 'nestjs-affinity-queue';
import { SeededRandom } from '../random/seeded-random.js';
import { workloads, type Call } from '../workload/workloads.js';
import type { ProductionSetup } from './setup.js';

const tickMs = 20;
/** How many of the latest tasks may be taken back. */
const remembered = 50;

/** Adds tasks at a steady rate, without waiting for answers; what an add comes to is in the history. */
export class Producer {
  readonly #random: SeededRandom;
  #timer: NodeJS.Timeout | undefined;
  #added = 0;
  readonly #latest: string[] = [];
  /** Adds that failed; what is known of them is in the history. */
  refused = 0;

  constructor(
    private readonly queue: QueueService,
    private readonly setup: ProductionSetup,
    private readonly process: string,
  ) {
    this.#random = new SeededRandom(setup.seed);
  }

  set isOn(isOn: boolean) {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isOn) return;
    const perTick = (this.setup.callsPerSecond * tickMs) / 1_000;
    let due = 0;
    this.#timer = setInterval(() => {
      for (due += perTick; due >= 1; due -= 1) void this.#add(workloads[this.setup.workload](this.#random));
    }, tickMs);
  }

  async #add(call: Call): Promise<void> {
    const [first] = call;
    if (first === undefined) return;
    try {
      if (this.setup.workload === 'mixed' && this.#random.chance(0.02)) await this.#steer(first.identifyTag);
      if (call.length > 1) await this.queue.addBulk(call);
      else if (this.setup.workload === 'mixed' && this.#random.chance(0.04)) await this.#addTwice(first);
      else this.#remember(await this.queue.add(first, first.options));
    } catch {
      this.refused += 1;
    }
  }

  /** Asks, and takes back, as people and applications do. */
  async #steer(tag: string): Promise<void> {
    const task = this.#random.pick(['', ...this.#latest]);
    const acts = [
      () => this.queue.remove(task),
      () => this.queue.cancel(task),
      () => this.queue.explain(task),
      () => this.queue.retryFailed({ limit: 2 }),
      () => this.queue.getTagStats(tag),
      () => this.queue.getQueueStats(),
    ];
    const act = this.#random.pick(acts);
    if (task !== '') await act();
  }

  #remember({ id }: { id?: string | undefined }): void {
    if (id === undefined) return;
    this.#latest.push(id);
    if (this.#latest.length > remembered) this.#latest.shift();
  }

  /** With an id of its own, as an application does that is not sure whether it has added a task. */
  async #addTwice(task: Call[number]): Promise<void> {
    this.#added += 1;
    const options = { ...task.options, jobId: `own-${this.process}-${this.#added}` };
    const adds = [this.queue.add(task, options), this.queue.add(task, options)];
    const refused = (await Promise.allSettled(adds)).filter(({ status }) => status === 'rejected');
    this.refused += refused.length;
  }
}
