import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { QueueModuleOptions } from '../../../../src/index.js';
import { testRedisUrl } from '../../../support/redis.js';
import { until } from '../../../support/until.js';
import { libraryEntry } from './library-build.js';

const fixture = join(import.meta.dirname, 'fixture', 'instance.mjs');
const running = new Set<ChildInstance>();

export interface ChildOptions extends QueueModuleOptions {
  /** Of the queue; see `startInstance`. */
  readonly name: string;
  /** Of the library; that of the source as it is now unless given. */
  readonly entry?: string;
}

/** An instance that is a process of its own, so that it can be killed and frozen. */
export class ChildInstance {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #answers: string[] = [];
  /** What it has logged so far. */
  readonly lines: string[] = [];
  nodeId = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        if (process.env.AFFINITY_TEST_LOG !== undefined) console.error(`${child.pid}: ${line}`);
      });
    }
    child.on('message', (message: { nodeId?: string; answered?: string }) => {
      this.nodeId = message.nodeId ?? this.nodeId;
      if (message.answered !== undefined) this.#answers.push(message.answered);
    });
  }

  /** Resolves when it has started. Its log is in Chinese, the default. */
  static async start({ name, entry, ...options }: ChildOptions): Promise<ChildInstance> {
    const { queueOptions, redisOptions, ...rest } = options;
    const instance = {
      entry: entry ?? (await libraryEntry()),
      journal: journalKey(name),
      options: {
        ...rest,
        redisOptions: redisOptions ?? { url: testRedisUrl() },
        queueOptions: {
          pendingQueueName: `${name}-pending`,
          workerQueuePrefix: `${name}-worker`,
          workerStatePrefix: `${name}-state`,
          ...queueOptions,
        },
      },
    };
    const child = spawn(process.execPath, [fixture], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NO_COLOR: '1',
        AFFINITY_TEST_INSTANCE: JSON.stringify(instance),
      },
    });
    const started = new ChildInstance(child);
    running.add(started);
    await until('the process has started', () => started.nodeId !== '' || started.hasExited, {
      timeoutMs: 20_000,
    });
    if (started.hasExited) throw new Error(`The process ended at its start:\n${started.lines.join('\n')}`);
    return started;
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  /** What it logged, from the message on: without time and level. */
  get messages(): string[] {
    return this.lines.flatMap((line) => /\[AffinityQueue\] (.*)$/.exec(line)?.[1] ?? []);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
    running.delete(this);
  }

  /** As a process manager does it. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#exited;
    running.delete(this);
  }

  async ask(ask: 'resign' | 'block', argument?: number): Promise<void> {
    const before = this.#answers.length;
    this.#process.send({ ask, argument });
    await until(`it answers to ${ask}`, () => this.#answers.length > before);
  }
}

export function journalKey(name: string): string {
  return `${name}-journal`;
}

/** For `afterEach`. */
export async function killChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill()));
}
