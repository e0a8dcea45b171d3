import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ExampleClient } from './http.mjs';
import { monotonicMs } from './processes.mjs';
import { until } from './until.mjs';

const MAIN = fileURLToPath(new URL('../../../packages/example/dist/main.js', import.meta.url));
const LISTENING = /Listening on .*:(\d+)$/;
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 40_000;

/** One process of the example application. */
export class Instance {
  #child;
  #exited;
  /** Killed by `kill`, not stopped. */
  killed = false;
  /** Everything it printed, line by line. */
  lines = [];
  /** Monotonic milliseconds at which it was gone. */
  endedAtMs;

  /**
   * @param {string} name for messages and the run log
   * @param {NodeJS.ProcessEnv} env the whole environment
   */
  constructor(name, env) {
    this.name = name;
    this.#child = fork(MAIN, [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C reaches the scenario alone, which then stops its instances in its own order.
      detached: true,
      env: { ...env, NO_COLOR: '1', NODE_APP_INSTANCE: name, PORT: '0' },
    });
    this.#exited = once(this.#child, 'exit').then(() => (this.endedAtMs = monotonicMs()));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
  }

  get pid() {
    return this.#child.pid;
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get exitCode() {
    return this.#child.exitCode;
  }

  /** Its HTTP API; once it is ready. */
  get client() {
    return new ExampleClient(`http://127.0.0.1:${LISTENING.exec(this.findLine('Listening on '))[1]}`);
  }

  /** Returns when the instance has said that it is ready, as it does under PM2, and on which port. */
  async ready() {
    const message = once(this.#child, 'message', { signal: AbortSignal.timeout(START_DEADLINE_MS) });
    const ended = this.#exited.then(() => {
      throw new Error(`instance ${this.name} ended while starting:\n${this.output()}`);
    });
    try {
      await Promise.race([message, ended]);
      await this.waitForLine('Listening on ');
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
      throw new Error(`instance ${this.name} was not ready in time:\n${this.output()}`, { cause: error });
    }
    return this;
  }

  /** Waits for a line of its log that holds the text, and returns it. */
  waitForLine(text, options) {
    return until(`the line "${text}" from instance ${this.name}`, () => this.findLine(text), options);
  }

  findLine(text) {
    return this.lines.find((line) => line.includes(text));
  }

  /** The graceful stop: what PM2, systemd and Kubernetes do. */
  async stop() {
    if (!this.running) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** The crash; returns when the process is gone. */
  async kill() {
    this.killed = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  output() {
    return this.lines.slice(-40).join('\n');
  }
}
