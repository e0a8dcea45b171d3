import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { taskIdOf, type TaskRun } from '../handlers/task-handler.js';
import type { Settings } from '../settings.js';

/** One line of a run log: what happened to one attempt of one task, and when. */
export interface RunLogLine {
  event: 'started' | 'ended';
  outcome?: 'completed' | 'failed';
  taskId: string;
  type: string;
  tag: string;
  sequence: number | null;
  attempt: number;
  worker: string;
  instance: string;
  pid: number;
  batchPosition: number;
  fencingToken: number;
  /** Monotonic milliseconds; on one machine comparable across processes. */
  monotonicMs: number;
  wallMs: number;
}

/**
 * Appends a line when a handler starts and one when it ends, to one JSONL file per process, so that overlaps and order
 * can be checked from outside. Each line is written before the handler goes on: a SIGKILL loses none.
 */
@Injectable()
export class RunLog implements OnApplicationShutdown {
  private readonly folder: string;
  private readonly instance: string;
  private file: number | undefined;

  constructor(config: ConfigService<Settings, true>) {
    this.folder = join(config.get('DATA_DIR', { infer: true }), 'run-log');
    this.instance = config.get('NODE_APP_INSTANCE', { infer: true }) ?? String(process.pid);
  }

  async around<T>(type: string, payload: unknown, run: TaskRun, work: () => Promise<T>): Promise<T> {
    const attempt = {
      taskId: taskIdOf(run),
      type,
      tag: run.identifyTag,
      sequence: sequenceOf(payload),
      attempt: run.attempt,
      worker: run.workerId,
      instance: this.instance,
      pid: process.pid,
      batchPosition: run.batchPosition,
      fencingToken: run.fencingToken,
    };
    this.write({ event: 'started', ...attempt, ...now() });
    try {
      const result = await work();
      this.write({ event: 'ended', outcome: 'completed', ...attempt, ...now() });
      return result;
    } catch (error) {
      this.write({ event: 'ended', outcome: 'failed', ...attempt, ...now() });
      throw error;
    }
  }

  onApplicationShutdown(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private write(line: RunLogLine): void {
    this.file ??= this.open();
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }

  private open(): number {
    mkdirSync(this.folder, { recursive: true });
    return openSync(join(this.folder, `${this.instance}-${process.pid}.jsonl`), 'a');
  }
}

function now(): Pick<RunLogLine, 'monotonicMs' | 'wallMs'> {
  return { monotonicMs: Number(process.hrtime.bigint() / 1_000n) / 1_000, wallMs: Date.now() };
}

function sequenceOf(payload: unknown): number | null {
  const sequence = (payload as { sequence?: unknown } | null)?.sequence;
  return typeof sequence === 'number' ? sequence : null;
}
