import { RunLogFollower } from '../scenarios/support/run-log.mjs';

/**
 * The state of a run, read from its run logs: what is done, and what each worker does at the moment.
 */
export class Progress {
  #follower;
  #completed = new Set();
  /** Worker id → what it does. */
  workers = new Map();
  lines = [];

  constructor(folder, total) {
    this.#follower = new RunLogFollower(folder);
    this.total = total;
    this.startedAtMs = performance.now();
  }

  get completed() {
    return this.#completed.size;
  }

  get done() {
    return this.completed >= this.total;
  }

  get elapsedS() {
    return (performance.now() - this.startedAtMs) / 1_000;
  }

  get tasksPerSecond() {
    return this.completed / this.elapsedS;
  }

  async update() {
    const lines = await this.#follower.read();
    this.lines.push(...lines);
    for (const line of lines) this.#apply(line);
  }

  #apply({ event, outcome, taskId, worker, instance, pid, tag, batchPosition }) {
    const row = this.workers.get(worker) ?? { worker, instance, pid, tasks: 0 };
    if (event === 'started') {
      Object.assign(row, { tag, batchPosition, running: true });
    } else {
      row.running = false;
      row.tasks += 1;
      if (outcome === 'completed') this.#completed.add(taskId);
    }
    this.workers.set(worker, row);
  }
}
