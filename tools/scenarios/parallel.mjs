/** Several workers run at the same moment, each on a tag of its own. */
import { findBusiestMoment, findDisorder, findOverlaps } from './support/checks.mjs';
import { runScenario } from './support/scenario.mjs';
import { interleave, ledgerTasks } from './support/tasks.mjs';

const TAGS = 8;
const TASKS_PER_TAG = 6;
const INSTANCES = ['1', '2'];
const WORKERS_EACH = 2;

await runScenario('Parallel: 2 instances with 2 workers each, 8 tags', async (scenario) => {
  const env = { WORKER_COUNT: String(WORKERS_EACH), MAX_BATCH_SIZE: '3' };
  const [first] = await Promise.all(INSTANCES.map((name) => scenario.start(name, env)));
  const lists = Array.from({ length: TAGS }, (_, n) =>
    ledgerTasks(`tenant-${n + 1}`, TASKS_PER_TAG, { confirmationMs: 60 }),
  );
  await first.client.addTasks(interleave(lists));
  const attempts = await scenario.completed(TAGS * TASKS_PER_TAG);

  const { workers, tags } = findBusiestMoment(attempts);
  const all = INSTANCES.length * WORKERS_EACH;
  scenario.check(`all ${all} workers ran at the same moment`, workers.size === all, [...workers].join(', '));
  scenario.check('each of them on a tag of its own', tags.size === all, [...tags].join(', '));
  const used = new Set(attempts.map(({ instance }) => instance));
  scenario.check('in both instances', used.size === INSTANCES.length);
  scenario.checkNone('no two tasks of a tag overlapped', findOverlaps(attempts));
  scenario.checkNone('no task of a tag started out of its turn', findDisorder(attempts));
});
