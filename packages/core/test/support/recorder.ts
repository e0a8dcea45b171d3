import type { TaskContext, TaskHandler } from '../../src/index.js';

/** One run of a handler, timed by the monotonic clock of this process. */
export interface Run {
  readonly jobId: string;
  readonly identifyTag: string;
  readonly payload: any;
  readonly instance: string;
  readonly workerId: string;
  readonly fencingToken: number;
  readonly batchPosition: number;
  readonly attempt: number;
  readonly startedAt: number;
  endedAt: number | undefined;
}

type Body = (payload: any, context: TaskContext) => unknown;

/** Notes every run of its handlers, of whichever instances in this process, in the order in which they began. */
export class Recorder {
  readonly runs: Run[] = [];

  /** A handler that notes its runs and does `body` meanwhile. */
  handler(body: Body = () => undefined, instance = ''): TaskHandler {
    return async (payload: any, context) => {
      const run: Run = {
        jobId: context.job.id!,
        identifyTag: context.identifyTag,
        payload,
        instance,
        workerId: context.workerId,
        fencingToken: context.fencingToken,
        batchPosition: context.batchPosition,
        attempt: context.attempt,
        startedAt: performance.now(),
        endedAt: undefined,
      };
      this.runs.push(run);
      try {
        return await body(payload, context);
      } finally {
        run.endedAt = performance.now();
      }
    };
  }

  /** Payloads of a tag in the order of their starts. */
  payloads(identifyTag?: string): any[] {
    const runs = identifyTag === undefined ? this.runs : this.ofTag(identifyTag);
    return runs.map((run) => run.payload);
  }

  ofTag(identifyTag: string): Run[] {
    return this.runs.filter((run) => run.identifyTag === identifyTag);
  }

  get tags(): string[] {
    return [...new Set(this.runs.map((run) => run.identifyTag))];
  }

  /** Runs of the same tag of which one began before the other had ended. */
  get overlaps(): [Run, Run][] {
    return this.tags.flatMap((tag) => {
      const found: [Run, Run][] = [];
      let last: Run | undefined;
      for (const run of this.ofTag(tag)) {
        if (last && (last.endedAt === undefined || run.startedAt < last.endedAt)) found.push([last, run]);
        if (last?.endedAt === undefined || (run.endedAt ?? Number.POSITIVE_INFINITY) > last.endedAt)
          last = run;
      }
      return found;
    });
  }

  /** Batches in the order of their beginnings: the runs under one fencing token. */
  get batches(): Run[][] {
    const batches = new Map<number, Run[]>();
    for (const run of this.runs) {
      const batch = batches.get(run.fencingToken);
      if (batch) batch.push(run);
      else batches.set(run.fencingToken, [run]);
    }
    return [...batches.values()];
  }
}

/** Adds up how often each value occurs. */
export function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** `[0, 1, …, count - 1]` */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
