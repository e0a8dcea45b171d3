/** Under PM2: one leader; killed, another one takes over; documented log lines and keys. */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { findDisorder, findMissing, findOverlaps } from './support/checks.mjs';
import { ExampleClient } from './support/http.mjs';
import { Pm2 } from './support/pm2.mjs';
import { isRunning, monotonicMs, sendSignal } from './support/processes.mjs';
import { runScenario } from './support/scenario.mjs';
import { idsOf, interleave, ledgerTasks } from './support/tasks.mjs';
import { freePort } from './support/free-port.mjs';

const CONFIG = fileURLToPath(
  new URL('../../packages/example/ecosystem-election.config.cjs', import.meta.url),
);
const INSTANCES = 3;
const LOCK_TTL_MS = 3_000;
/** Half a second is the protocol's own part (design: lock TTL + 0.5 s); the rest is for a slow machine. */
const TAKEOVER_LIMIT_MS = LOCK_TTL_MS + 2_000;

await runScenario('Election: 3 instances in role BOTH under PM2', async (scenario) => {
  const port = await freePort();
  const pm2 = await Pm2.create({
    ...scenario.environment,
    INSTANCES: String(INSTANCES),
    PORT: String(port),
    ELECTION_LOCK_TTL: String(LOCK_TTL_MS),
  });
  scenario.onStop(() => pm2.stop());
  const redis = new Redis(scenario.redisUrl);
  scenario.onStop(() => redis.disconnect());
  const processes = await pm2.start(CONFIG);
  scenario.check(`${INSTANCES} instances are ready`, processes.length === INSTANCES);
  const client = new ExampleClient(`http://127.0.0.1:${port}`);

  const leader = await scenario.until('a first leader', () => readLeader(redis));
  await checkKeys(scenario, redis, leader);
  const followers = () =>
    pm2.logs().then((logs) => logs.split('当前节点不是调度器领导者，仅作为 Worker 运行').length - 1);
  await scenario.until('the followers to say so', async () => (await followers()) === INSTANCES - 1);
  await checkLines(scenario, pm2, [`节点 ${leader.nodeId} 成为调度器领导者`]);
  scenario.check('当前节点不是调度器领导者，仅作为 Worker 运行', true, `${INSTANCES - 1} followers`);

  const lists = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
    ledgerTasks(`team-${name}`, 20, { confirmationMs: 50 }),
  );
  const tasks = interleave(lists);
  await client.addTasks(tasks);
  await scenario.completed(20);
  sendSignal(leader.processId, 'SIGKILL');
  await scenario.until('the leader to be gone', () => !isRunning(leader.processId));
  const killedAtMs = monotonicMs();
  scenario.markDead(leader.processId, killedAtMs);
  const heir = await scenario.until('another leader', async () => {
    const info = await readLeader(redis);
    return info && info.nodeId !== leader.nodeId && info;
  });
  const tookMs = monotonicMs() - killedAtMs;
  scenario.check(
    'another instance took over',
    tookMs < TAKEOVER_LIMIT_MS,
    `${(tookMs / 1_000).toFixed(2)} s`,
  );
  await checkKeys(scenario, redis, heir);
  await checkLines(scenario, pm2, [
    `领导者 ${leader.nodeId} 心跳超时，尝试接管`,
    `节点 ${heir.nodeId} 成为调度器领导者`,
  ]);

  // PM2 sends SIGINT to stop an instance, and starts it again.
  const resignedAtMs = monotonicMs();
  sendSignal(heir.processId, 'SIGINT');
  const next = await scenario.until('a leader after the resignation', async () => {
    const info = await readLeader(redis);
    return info && info.nodeId !== heir.nodeId && info;
  });
  const handoverMs = monotonicMs() - resignedAtMs;
  scenario.check(
    'a graceful stop hands over without waiting for the lock to expire',
    handoverMs < LOCK_TTL_MS / 2,
    `${handoverMs.toFixed(0)} ms, ${next.nodeId}`,
  );

  const attempts = await scenario.completed(tasks.length);
  const dead = new Set(scenario.deaths().keys());
  scenario.checkNone('no task is lost', findMissing(idsOf(tasks), attempts));
  scenario.checkNone('no two tasks of a tag overlapped', findOverlaps(attempts));
  scenario.checkNone('no task of a tag started out of its turn', findDisorder(attempts, dead));
});

async function readLeader(redis) {
  const text = await redis.get('scheduler:leader:info');
  return text && JSON.parse(text);
}

async function checkKeys(scenario, redis, { nodeId, hostname, processId, epoch }) {
  const lock = await redis.get('scheduler:election:lock');
  scenario.check('scheduler:election:lock names the leader', lock === `${nodeId}:${epoch}`, lock);
  const known = Boolean(hostname) && isRunning(processId);
  scenario.check('scheduler:leader:info names its host and process', known, `${hostname}, ${processId}`);
  const workers = await redis.hgetall('scheduler:worker:registry');
  const own = Object.entries(workers).filter(([workerId]) => workerId.startsWith(`${nodeId}-`));
  const described = own.length > 0 && own.every(([workerId, text]) => JSON.parse(text).workerId === workerId);
  scenario.check('scheduler:worker:registry holds its workers', described, Object.keys(workers).join(', '));
}

async function checkLines(scenario, pm2, lines) {
  for (const line of lines) {
    await scenario.until(`the line ${line}`, async () => (await pm2.logs()).includes(line));
    scenario.check(line, true);
  }
}
