import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { toAttempts } from '../scenarios/support/attempts.mjs';
import { environment } from '../scenarios/support/environment.mjs';
import { monotonicMs } from '../scenarios/support/processes.mjs';
import { until } from '../scenarios/support/until.mjs';
import { CONTROL_QUEUE } from './control-queue.mjs';
import { Progress } from './progress.mjs';

const WORKER = fileURLToPath(new URL('./control-worker.mjs', import.meta.url));
const RUN_DEADLINE_MS = 120_000;
const CHUNK = 500;

/**
 * The same data, handlers and number of workers on one plain BullMQ queue; nobody is killed.
 *
 * @returns {Promise<import('./affinity-run.mjs').Run>}
 */
export async function runControl({ options, releases, signal, data, redisUrl, mail, folder, openDisplay }) {
  const queue = new Queue(CONTROL_QUEUE, { connection: { url: redisUrl } });
  releases.add('the control queue', () => queue.close());
  const env = {
    REDIS_URL: redisUrl,
    SMTP_URL: mail.url,
    DATA_DIR: folder,
    WORKER_COUNT: String(options.workersPerInstance),
  };
  const processes = Array.from({ length: options.instances }, (_, index) => startProcess(String(index), env));
  const stop = () => Promise.all(processes.map(stopProcess));
  releases.add('the control workers', stop);
  await Promise.all(processes.map(isReady));
  signal.throwIfAborted();

  const progress = new Progress(folder, data.tasks.length);
  const startedAtMs = monotonicMs();
  const display = openDisplay();
  const fed = feedQueue(queue, data.tasks, signal);
  const done = until(
    `${progress.total} completed tasks`,
    async () => {
      await progress.update();
      display.show({ progress });
      return progress.done;
    },
    { deadlineMs: RUN_DEADLINE_MS, signal },
  );
  await Promise.all([fed, done]);
  const endedAtMs = monotonicMs();
  display.close({ progress });
  await stop();
  await progress.update();
  return {
    attempts: toAttempts(progress.lines),
    dead: new Set(),
    mail: new Map(mail.received),
    startedAtMs,
    endedAtMs,
  };
}

async function feedQueue(queue, tasks, signal) {
  for (let start = 0; start < tasks.length; start += CHUNK) {
    signal.throwIfAborted();
    const jobs = tasks
      .slice(start, start + CHUNK)
      .map(({ options, ...task }) => ({ name: task.type, data: task, opts: options }));
    await queue.addBulk(jobs);
  }
}

function startProcess(instance, env) {
  return fork(WORKER, [], {
    detached: true,
    env: environment({ ...env, NODE_APP_INSTANCE: instance }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function isReady(child) {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a control worker ended with exit code ${code} while starting`);
  });
  await Promise.race([once(child, 'message'), ended]);
}

async function stopProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
