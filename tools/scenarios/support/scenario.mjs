/**
 * Frame of a scenario: a throw-away Redis, a temporary folder, instances of the built example application, and
 * assertions that print what they found. Stops what it started, on success, failure and signals alike.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { install } from '../../lib/install.mjs';
import { build } from '../../lib/stages.mjs';
import { acquireRedis } from '../../redis/index.mjs';
import { toAttempts } from './attempts.mjs';
import { environment } from './environment.mjs';
import { Instance } from './instance.mjs';
import { readRunLog } from './run-log.mjs';
import { until } from './until.mjs';

const EXAMPLE = fileURLToPath(new URL('../../../packages/example/', import.meta.url));

/** Short enough for a script, long enough for a slow machine. */
const ELECTION = { ELECTION_LOCK_TTL: '3000', HEARTBEAT_INTERVAL: '1000', HEARTBEAT_TIMEOUT: '5000' };

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

class Interruption extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.name = signal;
  }
}

/**
 * @param {string} title
 * @param {(scenario: Scenario) => Promise<void>} play
 */
export async function runScenario(title, play) {
  const interruption = new AbortController();
  const interrupt = (signal) => interruption.abort(new Interruption(signal));
  for (const signal of Object.keys(EXIT_CODES)) process.on(signal, interrupt);

  console.log(styleText('bold', `\n${title}`));
  const scenario = new Scenario(interruption.signal);
  let passed = false;
  try {
    await scenario.prepare();
    await Promise.race([play(scenario), rejectOnAbort(interruption.signal)]);
    passed = scenario.failures === 0;
    if (!passed) process.exitCode = 1;
  } catch (error) {
    process.exitCode = EXIT_CODES[error.name] ?? 1;
    console.error(
      `  ${styleText('red', '✗')} ${error instanceof Interruption ? error.message : error.stack}`,
    );
    if (!(error instanceof Interruption)) scenario.printLogs();
  } finally {
    await scenario.stop();
    for (const signal of Object.keys(EXIT_CODES)) process.off(signal, interrupt);
  }
  // Nothing of an interrupted script goes on.
  if (interruption.signal.aborted) process.exit();
  console.log(passed ? styleText('green', '  passed') : styleText('red', '  failed'));
}

function rejectOnAbort(signal) {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

export class Scenario {
  #redis;
  #folder;
  #instances = [];
  #deaths = new Map();
  #stops = [];
  #signal;
  failures = 0;

  constructor(signal) {
    this.#signal = signal;
  }

  get redisUrl() {
    return this.#redis.url;
  }

  /** What the application reads in this scenario. */
  get environment() {
    return {
      NODE_ENV: 'production',
      REDIS_URL: this.#redis.url,
      DATA_DIR: this.#folder,
      SHUTDOWN_TIMEOUT: '5000',
      ...ELECTION,
    };
  }

  async prepare() {
    if (!existsSync(join(EXAMPLE, 'dist', 'main.js'))) {
      await install();
      await build();
    }
    this.#folder = await mkdtemp(join(tmpdir(), 'affinity-scenario-'));
    this.#redis = await acquireRedis({ log: (line) => console.log(`  ${line}`) });
  }

  /**
   * Starts an instance and returns it once it is ready.
   *
   * @param {string} name
   * @param {Record<string, string>} [env]
   */
  async start(name, env = {}) {
    this.#signal.throwIfAborted();
    const instance = new Instance(name, environment({ ...this.environment, ...env }));
    this.#instances.push(instance);
    return instance.ready();
  }

  /** All attempts so far; those of killed instances count as ended at the death of their process. */
  async attempts() {
    return toAttempts(await readRunLog(this.#folder), this.deaths());
  }

  /** Of killed processes: process id → monotonic milliseconds of its death. */
  deaths() {
    const dead = this.#instances.filter(({ killed, endedAtMs }) => killed && endedAtMs !== undefined);
    return new Map([...this.#deaths, ...dead.map(({ pid, endedAtMs }) => [pid, endedAtMs])]);
  }

  /** A process that the scenario did not start itself was killed. */
  markDead(pid, atMs) {
    this.#deaths.set(pid, atMs);
  }

  /** What has to be stopped at the end, last added first. */
  onStop(stop) {
    this.#stops.unshift(stop);
  }

  /** Waits until so many tasks have completed, and returns all attempts. */
  completed(count, options) {
    return this.until(
      `${count} completed tasks`,
      async () => {
        const attempts = await this.attempts();
        const done = new Set(attempts.filter(({ outcome }) => outcome === 'completed').map((a) => a.taskId));
        return done.size >= count && attempts;
      },
      { deadlineMs: 60_000, ...options },
    );
  }

  until(what, condition, options) {
    return until(what, condition, { signal: this.#signal, ...options });
  }

  /** An assertion that says what was found; the scenario goes on, and fails at its end. */
  check(what, holds, found) {
    const mark = holds ? styleText('green', '✓') : styleText('red', '✗');
    console.log(`  ${mark} ${what}${found === undefined ? '' : styleText('dim', ` (${found})`)}`);
    if (!holds) this.failures += 1;
  }

  /** An assertion that a list of findings is empty. */
  checkNone(what, findings) {
    this.check(what, findings.length === 0, `${findings.length} found`);
    for (const finding of findings.slice(0, 3)) console.log(`      ${JSON.stringify(finding)}`);
  }

  printLogs() {
    for (const { name, lines } of this.#instances) {
      console.error(`--- the last lines of instance ${name}\n${lines.slice(-15).join('\n')}`);
    }
  }

  async stop() {
    for (const stop of this.#stops) await stop();
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    await this.#redis?.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
