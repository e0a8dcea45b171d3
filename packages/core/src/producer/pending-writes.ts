import type { NewJob } from '../bullmq/job-adder.js';

/** Bounds of one script; both keep it in the low milliseconds. */
const maxTasksPerScript = 150;
const maxBytesPerScript = 250_000;
/** Of a call with many tasks a few go first when Redis has nothing to do: it works on them while the next script is put together. */
const firstTasksOfMany = 50;

/** One call that adds tasks. */
export interface PendingWrite {
  readonly newJobs: readonly NewJob[];
  /** Of the tasks, as far as is known. */
  readonly ids: string[];
  /** By the monotonic clock, ms. */
  readonly since: number;
  /** So many of its tasks have been sent, or never will be. */
  sent: number;
  /** So many of its parts have been sent and not answered. */
  unanswered: number;
  failure: { readonly error: unknown } | undefined;
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What one script takes of one call: its tasks `from` … `to` - 1. */
export interface Part {
  readonly write: PendingWrite;
  readonly from: number;
  readonly to: number;
}

/** The tasks that have not been sent, in the order of the calls that add them. */
export class PendingWrites {
  #writes: PendingWrite[] = [];

  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  /** The task whose turn it is. */
  get next(): NewJob | undefined {
    const [first] = this.#writes;
    return first?.newJobs[first.sent];
  }

  /** Whether there are enough tasks for a full script. */
  get isFull(): boolean {
    let tasks = 0;
    for (const { newJobs, sent } of this.#writes) {
      tasks += newJobs.length - sent;
      if (tasks >= maxTasksPerScript) return true;
    }
    return false;
  }

  push(write: PendingWrite): void {
    this.#writes.push(write);
  }

  /**
   * Takes the tasks of the next script off: those in front, as long as they go the same way.
   *
   * @param isIdle - whether nothing is on its way to Redis
   */
  take(isIdle = false): Part[] {
    const isPlain = this.next?.isPlain;
    const room = {
      tasks: isIdle && this.isFull && this.#writes[0]?.sent === 0 ? firstTasksOfMany : maxTasksPerScript,
      bytes: maxBytesPerScript,
    };
    let isFirst = true; // a script takes one task whatever its size
    const parts: Part[] = [];
    let done = 0;
    for (const write of this.#writes) {
      const from = write.sent;
      let newJob: NewJob | undefined;
      while (
        (newJob = write.newJobs[write.sent]) &&
        newJob.isPlain === isPlain &&
        (isFirst || fits(newJob, room))
      ) {
        isFirst = false;
        room.tasks -= 1;
        room.bytes -= newJob.payloadBytes;
        write.sent += 1;
      }
      if (write.sent > from) {
        write.unanswered += 1;
        parts.push({ write, from, to: write.sent });
      }
      if (write.sent < write.newJobs.length) break;
      done += 1;
    }
    this.#writes.splice(0, done);
    return parts;
  }

  /** Sends nothing more of it. */
  abandon(write: PendingWrite): void {
    if (write.sent === write.newJobs.length) return;
    write.sent = write.newJobs.length;
    const index = this.#writes.indexOf(write);
    if (index >= 0) this.#writes.splice(index, 1);
  }

  /** Takes off the calls that nothing has been sent of since then. */
  takeUnsent(since: number): PendingWrite[] {
    const isDue = (write: PendingWrite): boolean => write.sent === 0 && write.since <= since;
    const unsent = this.#writes.filter(isDue);
    this.#writes = this.#writes.filter((write) => !isDue(write));
    for (const write of unsent) write.sent = write.newJobs.length;
    return unsent;
  }
}

function fits({ payloadBytes }: NewJob, room: { readonly tasks: number; readonly bytes: number }): boolean {
  return room.tasks > 0 && payloadBytes <= room.bytes;
}
