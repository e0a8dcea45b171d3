import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { toAttempts } from '../scenarios/support/attempts.mjs';
import { ExampleClient } from '../scenarios/support/http.mjs';
import { Pm2 } from '../scenarios/support/pm2.mjs';
import { monotonicMs } from '../scenarios/support/processes.mjs';
import { DeadlineError, until } from '../scenarios/support/until.mjs';
import { expectedError } from './expected-error.mjs';
import { failover } from './failover.mjs';
import { feed } from './feed.mjs';
import { LeaderWatch } from './leader-watch.mjs';
import { Progress } from './progress.mjs';

const CONFIG = fileURLToPath(new URL('../../ecosystem-election.config.js', import.meta.url));
const RUN_DEADLINE_MS = 180_000;
const DRAIN_DEADLINE_MS = 15_000;

/**
 * @typedef {object} Run
 * @property {import('../scenarios/support/attempts.mjs').Attempt[]} attempts
 * @property {Set<number>} dead ids of the processes that were killed
 * @property {Map<string, number>} mail task id → how many mails of it arrived
 * @property {number} startedAtMs monotonic
 * @property {number} endedAtMs monotonic
 * @property {object} [stats] of the queue at the end
 * @property {import('./failover.mjs').Failover} [failover]
 * @property {import('./leader-watch.mjs').Reign[]} [reigns]
 */

/** @returns {Promise<Run>} */
export async function runAffinity({ options, releases, signal, data, redisUrl, mail, folder, openDisplay }) {
  const pm2 = await Pm2.create(environmentOf(options, { redisUrl, mail, folder }));
  releases.add('PM2', () => pm2.stop());
  const instances = await pm2.start(CONFIG);
  signal.throwIfAborted();
  for (const { instance, pid } of instances) console.log(`instance ${instance} is ready (process ${pid})`);

  const redis = new Redis(redisUrl, { lazyConnect: true });
  releases.add('a Redis connection', () => redis.disconnect());
  await redis.connect();
  const leaders = new LeaderWatch(redis, pm2);
  await until('a first leader', () => leaders.update(), { signal });

  const progress = new Progress(folder, data.tasks.length);
  const startedAtMs = monotonicMs();
  const display = openDisplay();
  const fed = feed(data.lines, { port: options.port, signal });
  const killed = failover({ leaders, progress, pm2, signal, note: display.note });
  const done = until(
    `${progress.total} completed tasks`,
    async () => {
      await Promise.all([progress.update(), leaders.update()]);
      display.show(frameOf(progress, leaders));
      return progress.done;
    },
    { deadlineMs: RUN_DEADLINE_MS, signal },
  ).catch((error) => explainStandstill(error, { progress, pm2 }));
  const [, failoverSeen] = await Promise.all([fed, killed, done]);
  const endedAtMs = monotonicMs();
  display.close(frameOf(progress, leaders));

  const stats = await drainedStats(options.port, signal);
  await pm2.stop();
  await progress.update();
  return {
    attempts: toAttempts(progress.lines, new Map([[failoverSeen.pid, failoverSeen.killedAtMs]])),
    dead: new Set([failoverSeen.pid]),
    mail: new Map(mail.received),
    startedAtMs,
    endedAtMs,
    stats,
    failover: failoverSeen,
    reigns: leaders.reigns,
  };
}

function environmentOf({ election, ...options }, { redisUrl, mail, folder }) {
  return {
    INSTANCES: String(options.instances),
    PORT: String(options.port),
    REDIS_URL: redisUrl,
    SMTP_URL: mail.url,
    DATA_DIR: folder,
    WORKER_COUNT: String(options.workersPerInstance),
    MAX_BATCH_SIZE: String(options.maxBatchSize),
    ELECTION_LOCK_TTL: String(election.lockTtlMs),
    HEARTBEAT_INTERVAL: String(election.heartbeatIntervalMs),
    HEARTBEAT_TIMEOUT: String(election.heartbeatTimeoutMs),
    SHUTDOWN_TIMEOUT: '10000',
  };
}

function frameOf(progress, leaders) {
  const rows = [...progress.workers.values()]
    .sort((a, b) => a.instance.localeCompare(b.instance) || a.worker.localeCompare(b.worker))
    .map(({ worker, instance, pid, tag, batchPosition, running, tasks }) => {
      const name = `instance ${instance} · ${worker.split('-').at(-1)}`;
      if (leaders.isDead(pid)) return [`${name} (killed)`, '', '', tasks];
      const mark = leaders.current?.processId === pid ? ' ♛' : '';
      return [`${name}${mark}`, running ? tag : '', running ? batchPosition : '', tasks];
    });
  return { progress, leader: leaders.describe(), rows };
}

/** The last commits may still be on their way when the last handler has ended. */
async function drainedStats(port, signal) {
  const client = new ExampleClient(`http://127.0.0.1:${port}`);
  let stats;
  const drained = async () => {
    stats = await client.getStats();
    return stats.waiting === 0 && stats.active === 0 && stats.delayed === 0;
  };
  await until('the queue to be empty', drained, { deadlineMs: DRAIN_DEADLINE_MS, signal });
  return stats;
}

async function explainStandstill(error, { progress, pm2 }) {
  if (!(error instanceof DeadlineError)) throw error;
  const logs = (await pm2.logs()).split('\n').slice(-30).join('\n');
  throw expectedError(
    `${error.message} (${progress.completed} of ${progress.total} done)\nThe last lines of the instances:\n${logs}`,
    { cause: error },
  );
}
