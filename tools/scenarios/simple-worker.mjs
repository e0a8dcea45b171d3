/** The documented log lines and state of workers, and one task of each type from request to result. */
import { Redis } from 'ioredis';
import { runScenario } from './support/scenario.mjs';
import { ledgerTasks } from './support/tasks.mjs';

const WORKER_COUNT = 2;
const BECAME_LEADER = /节点 (\S+) 成为调度器领导者/;
const REGISTERED = /Worker (\S+) 已注册/;
const REGISTERED_EN = /Worker (\S+) registered/;

await runScenario('Workers: log lines, state, results', async (scenario) => {
  const redis = new Redis(scenario.redisUrl);
  scenario.onStop(() => redis.disconnect());
  const both = await scenario.start('both', { WORKER_COUNT: String(WORKER_COUNT) });
  await both.waitForLine('成为调度器领导者');
  const nodeId = BECAME_LEADER.exec(both.findLine('成为调度器领导者'))[1];
  scenario.check('节点 {nodeId} 成为调度器领导者', true, nodeId);
  await checkRegistrations(scenario, redis, both);

  const follower = await scenario.start('follower');
  const line = await follower.waitForLine('当前节点不是调度器领导者，仅作为 Worker 运行');
  scenario.check('当前节点不是调度器领导者，仅作为 Worker 运行', Boolean(line), 'second instance');
  await follower.stop();
  const english = await scenario.start('english', { APP_ROLE: 'WORKER', QUEUE_LOCALE: 'en' });
  await scenario.until('a registered English worker', () =>
    english.lines.some((text) => REGISTERED_EN.test(text)),
  );
  scenario.check('QUEUE_LOCALE=en: no Chinese in the log', !/\p{Script=Han}/u.test(english.lines.join('\n')));
  await english.stop();

  await checkState(scenario, redis, both);
  await checkResults(scenario, both.client);
});

async function checkRegistrations(scenario, redis, instance) {
  const ids = await scenario.until('registered workers', async () => {
    const keys = await redis.hkeys('scheduler:worker:registry');
    return keys.length === WORKER_COUNT && keys.sort();
  });
  const registered = () =>
    instance.lines
      .map((text) => REGISTERED.exec(text)?.[1])
      .filter(Boolean)
      .sort();
  await scenario.until('log lines of workers', () => registered().length === WORKER_COUNT);
  const same = JSON.stringify(registered()) === JSON.stringify(ids);
  scenario.check(
    'Worker {workerId} 已注册, one line per worker in scheduler:worker:registry',
    same,
    ids.join(', '),
  );
}

/** The hash `worker-state:{workerId}` shows what a worker does. */
async function checkState(scenario, redis, instance) {
  await instance.client.addTasks(ledgerTasks('state-tag', 1, { confirmationMs: 1_500 }));
  const running = await scenario.until('a running worker', () => findState(redis, 'running'));
  const shown = running.currentIdentifyTag === 'state-tag' && Number(running.currentBatchSize) === 1;
  scenario.check('worker-state shows a running worker, its tag and batch', shown, JSON.stringify(running));
  await scenario.completed(1);
  await scenario.until('only idle workers', async () => !(await findState(redis, 'running')));
  const idle = await findState(redis, 'idle');
  scenario.check(
    'worker-state shows it idle afterwards',
    idle.currentIdentifyTag === '',
    JSON.stringify(idle),
  );
}

async function findState(redis, status) {
  for (const workerId of await redis.hkeys('scheduler:worker:registry')) {
    const state = await redis.hgetall(`worker-state:${workerId}`);
    if (state.status === status) return state;
  }
  return undefined;
}

async function checkResults(scenario, client) {
  const payloads = {
    'send-email': { to: 'user@example.com', subject: '欢迎邮件' },
    'generate-invoice': { items: [{ description: 'Consulting', quantity: 2, unitPrice: 120 }] },
    'process-data': { amount: 12.5 },
  };
  const expected = { 'send-email': 'saved', 'generate-invoice': 'generated', 'process-data': 'completed' };
  for (const [type, payload] of Object.entries(payloads)) {
    const { message, jobId } = await client.addTask({ type, identifyTag: 'company-123', payload });
    scenario.check(`POST /tasks takes a ${type} task`, message === '任务已添加到队列', `job ${jobId}`);
    const task = await scenario.until(`the result of ${type}`, async () => {
      const report = await client.getTask(jobId);
      return (report.state === 'completed' || report.state === 'failed') && report;
    });
    scenario.check(`${type} completes`, task.result?.status === expected[type], JSON.stringify(task.result));
  }
}
