import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.mjs';
import { isRunning, sendSignal } from './processes.mjs';
import { until } from './until.mjs';

const PM2 = createRequire(import.meta.url).resolve('pm2/bin/pm2');
const GUARD = fileURLToPath(new URL('./pm2-guard.mjs', import.meta.url));
const KILL_DEADLINE_MS = 45_000;

/** A PM2 of its own: with PM2_HOME in a temporary folder it never meets one that was there before. */
export class Pm2 {
  #home;
  #env;
  #guard;
  #dismissal;
  /** Process ids of everything this PM2 ran, to make sure that nothing stays. */
  #pids = new Set();
  /** The last command; commands run one after the other, so that a stop never meets a start half-way. */
  #last = Promise.resolve();

  static async create(env) {
    const home = await mkdtemp(join(tmpdir(), 'affinity-pm2-'));
    return new Pm2(home, env);
  }

  /** Use `create`. */
  constructor(home, env) {
    this.#home = home;
    this.#env = environment({ NO_COLOR: '1', ...env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' });
    // A group of its own keeps Ctrl-C in the terminal from ending the guard before PM2.
    this.#guard = spawn(process.execPath, [GUARD, PM2], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: this.#env,
    });
    for (const handle of [this.#guard, this.#guard.stdin]) handle.unref();
  }

  /** Starts an ecosystem file and returns when its instances have said that they are ready. */
  async start(configFile) {
    await this.#run(['start', configFile]);
    const instances = await this.list();
    const failed = instances.filter(({ status }) => status !== 'online');
    if (failed.length > 0)
      throw new Error(`PM2 could not start ${failed.length} instances:\n${await this.logs()}`);
    return instances;
  }

  /** @returns {Promise<{ instance: string, pid: number, status: string, restarts: number }[]>} */
  async list() {
    const output = await this.#run(['jlist']);
    // Notices of PM2 may come before the JSON.
    const processes = JSON.parse(output.slice(output.search(/^\[(\{|\])/m)));
    for (const { pid } of processes) if (pid) this.#pids.add(pid);
    return processes.map(({ pid, pm2_env }) => ({
      instance: String(pm2_env.NODE_APP_INSTANCE),
      pid,
      status: pm2_env.status,
      restarts: pm2_env.restart_time,
    }));
  }

  /** What the instances printed. */
  async logs() {
    const folder = join(this.#home, 'logs');
    const names = existsSync(folder) ? await readdir(folder) : [];
    const parts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
    return parts.join('');
  }

  /** Stops the instances gracefully, then PM2 itself; ends by force what has not gone in time. Idempotent. */
  async stop() {
    await this.#last;
    if (existsSync(join(this.#home, 'pm2.pid'))) {
      await this.list();
      this.#pids.add(Number(await readFile(join(this.#home, 'pm2.pid'), 'utf8')));
      await this.#run(['kill']);
      try {
        await until('PM2 to end', () => this.#left().length === 0, { deadlineMs: KILL_DEADLINE_MS });
      } finally {
        for (const pid of this.#left()) sendSignal(pid, 'SIGKILL');
      }
    }
    await rm(this.#home, { recursive: true, force: true });
    await (this.#dismissal ??= this.#dismissGuard());
  }

  async #dismissGuard() {
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return;
    const exited = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin.end('done');
    await exited;
  }

  #left() {
    return [...this.#pids].filter((pid) => pid > 0 && isRunning(pid));
  }

  #run(words) {
    const result = this.#last.then(() => this.#spawn(words));
    this.#last = result.then(ignore, ignore);
    return result;
  }

  async #spawn(words) {
    // A group of its own: Ctrl-C must not interrupt a command to PM2 half-way.
    const child = spawn(process.execPath, [PM2, ...words, '--silent'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#env,
    });
    const [[code], output, errors] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    if (code === 0) return output;
    throw new Error(
      `pm2 ${words.join(' ')} ended with exit code ${code}:\n${output}${errors}${await this.logs()}`,
    );
  }
}

/** The caller of the command has its result or its error; the next command only waits. */
function ignore() {}
