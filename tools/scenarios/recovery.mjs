/** A worker is killed in the middle of a batch: what it held runs first, in the original order. */
import { Redis } from 'ioredis';
import { findDisorder, findMissing, findOverlaps, findReRuns } from './support/checks.mjs';
import { runScenario } from './support/scenario.mjs';
import { idsOf, ledgerTasks } from './support/tasks.mjs';

const MAX_BATCH_SIZE = 5;
const ORPHANED = 'orphaned-tag';
const ENV = { MAX_BATCH_SIZE: String(MAX_BATCH_SIZE) };

await runScenario('Recovery: a worker is killed in the middle of a batch', async (scenario) => {
  const redis = new Redis(scenario.redisUrl);
  scenario.onStop(() => redis.disconnect());
  const scheduler = await scenario.start('scheduler', { ...ENV, APP_ROLE: 'SCHEDULER' });
  await scheduler.waitForLine('成为调度器领导者');
  const victim = await scenario.start('victim', { ...ENV, APP_ROLE: 'WORKER' });

  // Longer than a batch, so that the killed worker has some of its tasks and the pending queue the others.
  const orphaned = ledgerTasks(ORPHANED, MAX_BATCH_SIZE + 3, { confirmationMs: 300 });
  const others = ['other-1', 'other-2', 'other-3'].flatMap((tag) => ledgerTasks(tag, 3));
  await scheduler.client.addTasks(orphaned);
  await scenario.until('the first task to run', () => isRunning(scenario, 1));
  await scheduler.client.addTasks(others);
  await scenario.until('the third task to run', () => isRunning(scenario, 3));
  await victim.kill();
  scenario.check('killed the worker while the third task ran', await isDead(scenario, 3));

  await scenario.until('the dead worker to be recovered', () => isUnregistered(redis), {
    deadlineMs: 15_000,
  });
  await scenario.start('heir', { ...ENV, APP_ROLE: 'WORKER' });
  const attempts = await scenario.completed(orphaned.length + others.length);
  check(scenario, attempts, [...orphaned, ...others]);
});

await runScenario('Recovery: the only instance is killed and started again', async (scenario) => {
  const env = { ...ENV, WORKER_COUNT: '2' };
  const victim = await scenario.start('first', env);
  const tasks = ['red', 'blue', 'green'].flatMap((tag) => ledgerTasks(tag, 7, { confirmationMs: 200 }));
  await victim.client.addTasks(tasks);
  await scenario.until('both workers to run', async () => (await running(scenario)).length === 2);
  await victim.kill();
  await scenario.start('second', env);
  const attempts = await scenario.completed(tasks.length);
  checkPromises(scenario, attempts, tasks);
});

function check(scenario, attempts, tasks) {
  const heirs = attempts.filter(({ instance }) => instance === 'heir');
  const first = heirs.slice(0, MAX_BATCH_SIZE).map(({ tag, sequence }) => `${tag}-${sequence}`);
  const expected = [3, 4, 5, 6, 7].map((sequence) => `${ORPHANED}-${sequence}`);
  scenario.check('the orphans ran first and in order', first.join() === expected.join(), first.join(', '));
  checkPromises(scenario, attempts, tasks);
}

function checkPromises(scenario, attempts, tasks) {
  const dead = new Set(scenario.deaths().keys());
  scenario.checkNone('no task is lost', findMissing(idsOf(tasks), attempts));
  scenario.checkNone('no two tasks of a tag overlapped', findOverlaps(attempts));
  scenario.checkNone('no task of a tag started out of its turn', findDisorder(attempts, dead));
  const again = findReRuns(attempts, dead).length;
  scenario.check('only what ran when its process died ran again', again > 0 && again <= 2, `${again} tasks`);
}

async function running(scenario) {
  return (await scenario.attempts()).filter(({ outcome }) => outcome === 'running');
}

async function isRunning(scenario, sequence) {
  return (await running(scenario)).some((attempt) => attempt.sequence === sequence);
}

async function isDead(scenario, sequence) {
  const attempts = await scenario.attempts();
  return attempts.some((attempt) => attempt.sequence === sequence && attempt.outcome === 'died');
}

async function isUnregistered(redis) {
  return (await redis.hlen('scheduler:worker:registry')) === 0;
}
