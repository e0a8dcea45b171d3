import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { InstanceMessage, InstanceSetup, RequestName, Requests } from '../instance/setup.js';
import { packageFolder } from '../paths.js';
import type { InstanceProxy } from '../proxy/instance-proxy.js';
import type { WitnessedScripts } from '../witness/test-build.js';
import { processState, residentBytes } from './process-state.js';
import { until } from './until.js';

const program = join(packageFolder, 'dist', 'instance', 'main.js');
const register = pathToFileURL(join(packageFolder, 'dist', 'witness', 'register.js')).href;
const lastLines = 200;
/** A process of Node may take long to start on a busy machine. */
const startsWithinMs = 120_000;
const gone = 'gone';

/** Also those that are frozen end with the campaign, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

export class ProcessGoneError extends Error {
  constructor(request: string) {
    super(`The process ended before it answered to ${request}`);
  }
}

/** Where an instance is in its life. */
export type Phase = 'starting' | 'working' | 'stopping';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An instance in a process of its own. */
export class InstanceProcess {
  phase: Phase = 'starting';
  /** Whether the campaign ended it. */
  wasTold = false;
  /** What it has logged, the end of it. */
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  readonly startedAt = performance.now();
  #exit: Exit | undefined;
  #nodeId: string | undefined;
  #hasHeard!: () => void;
  readonly #heard = new Promise<void>((resolve) => (this.#hasHeard = resolve));
  #asked = 0;
  readonly #waiting = new Map<number, (error: string | null) => void>();

  private constructor(
    private readonly child: ChildProcess,
    readonly setup: InstanceSetup,
    readonly proxy: InstanceProxy,
  ) {
    running.add(child);
    this.exited = once(child, 'exit').then(([code, signal]) => {
      running.delete(child);
      this.#exit = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      for (const answer of this.#waiting.values()) answer(gone);
      return this.#exit;
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        if (this.lines.length > lastLines) this.lines.shift();
      });
    }
    child.on('message', (message: InstanceMessage) => {
      if ('ready' in message) {
        this.#nodeId = message.ready;
        if (this.phase === 'starting') this.phase = 'working';
        return;
      }
      if ('stopping' in message) {
        this.#hasHeard();
        return;
      }
      this.#waiting.get(message.id)?.(message.error);
      this.#waiting.delete(message.id);
    });
  }

  /** Begins to start it. */
  static spawn(
    setup: InstanceSetup,
    proxy: InstanceProxy,
    scripts: WitnessedScripts | undefined,
  ): InstanceProcess {
    const witnessed = scripts && {
      CHAOS_LUA_SOURCES: scripts.file,
      NODE_OPTIONS: `--import=${register}`,
    };
    const child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NO_COLOR: '1',
        CHAOS_INSTANCE: JSON.stringify(setup),
        ...witnessed,
      },
    });
    return new InstanceProcess(child, setup, proxy);
  }

  /** @throws when it ends before it works */
  async ready(): Promise<void> {
    const isOver = (): boolean => this.phase !== 'starting' || this.hasExited;
    await until(`instance ${this.pid} works`, isOver, { timeoutMs: startsWithinMs });
    if (this.hasExited && this.#nodeId === undefined)
      throw new Error(`The instance ended at its start:\n${this.lines.join('\n')}`);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Its id in keys, logs and history; nothing as long as it has made none. */
  get nodeId(): string | undefined {
    if (this.#nodeId !== undefined) return this.#nodeId;
    const own = new RegExp(`^(.*-${this.pid}-[0-9a-f]+)\\.history\\.jsonl$`);
    return readdirSync(this.setup.historyFolder).flatMap((file) => own.exec(file)?.[1] ?? [])[0];
  }

  get residentBytes(): number | undefined {
    return residentBytes(this.pid);
  }

  /** Whether the kernel has stopped it. */
  get isFrozen(): boolean {
    return processState(this.pid) === 'T';
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<Exit> {
    this.wasTold = true;
    this.signal('SIGKILL');
    return this.exited;
  }

  /** As a process manager ends it. */
  async stop(): Promise<Exit> {
    this.phase = 'stopping';
    this.wasTold = true;
    this.signal('SIGTERM');
    return this.exited;
  }

  /** As {@link stop}; resolves as soon as it has heard of it, or is gone. */
  async tellToStop(): Promise<void> {
    await Promise.race([this.stop(), this.#heard]);
  }

  /** @throws {@link ProcessGoneError} when it ends before it answers; what it answers if it failed */
  async ask<Name extends RequestName>(name: Name, input: Requests[Name]['input']): Promise<void> {
    const id = (this.#asked += 1);
    if (this.hasExited || !this.child.connected) throw new ProcessGoneError(name);
    const answered = new Promise<string | null>((resolve) => this.#waiting.set(id, resolve));
    this.child.send({ id, name, input }, (error) => {
      if (error !== null) this.#waiting.get(id)?.(gone);
    });
    const error = await answered;
    if (error === gone) throw new ProcessGoneError(name);
    if (error !== null) throw new Error(`${name}: ${error}`);
  }
}
