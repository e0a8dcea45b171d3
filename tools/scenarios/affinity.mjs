/** Batches and order: tasks of one tag run one after the other, in order, in batches on one worker each. */
import { groupBy, toBatches } from './support/attempts.mjs';
import { findDisorder, findLongBatches, findMissing, findOverlaps, findRepeats } from './support/checks.mjs';
import { runScenario } from './support/scenario.mjs';
import { idsOf, interleave, ledgerTasks } from './support/tasks.mjs';

const TAGS = 20;
const TASKS_PER_TAG = 30;
const MAX_BATCH_SIZE = 5;
const INSTANCES = ['1', '2', '3'];
const SMALLEST_SHARE = 0.2;

await runScenario('Affinity: 3 instances, 20 tags, 30 tasks each', async (scenario) => {
  const env = { MAX_BATCH_SIZE: String(MAX_BATCH_SIZE) };
  const [first] = await Promise.all(INSTANCES.map((name) => scenario.start(name, env)));
  const lists = Array.from({ length: TAGS }, (_, n) =>
    ledgerTasks(`company-${n + 1}`, TASKS_PER_TAG, { confirmationMs: 5 }),
  );
  const tasks = interleave(lists);
  await first.client.addTasks(tasks);
  const attempts = await scenario.completed(tasks.length);

  scenario.checkNone('no task is lost', findMissing(idsOf(tasks), attempts));
  scenario.checkNone('no task ran twice', findRepeats(attempts));
  scenario.checkNone('no two tasks of a tag overlapped', findOverlaps(attempts));
  scenario.checkNone('no task of a tag started out of its turn', findDisorder(attempts));
  scenario.checkNone(`no batch is longer than ${MAX_BATCH_SIZE}`, findLongBatches(attempts, MAX_BATCH_SIZE));

  const batches = toBatches(attempts);
  const full = batches.filter(({ length }) => length === MAX_BATCH_SIZE).length;
  scenario.check(
    'batches are used in full',
    full > 0,
    `${full} of ${batches.length} batches have ${MAX_BATCH_SIZE}`,
  );
  const counted = batches.every((batch) =>
    batch.every(({ batchPosition }, index) => batchPosition === index + 1),
  );
  scenario.check('positions in a batch count from 1', counted);
  const byInstance = groupBy(attempts, ({ instance }) => instance);
  for (const name of INSTANCES) {
    const share = (byInstance.get(name)?.length ?? 0) / attempts.length;
    scenario.check(`instance ${name} ran its part`, share >= SMALLEST_SHARE, `${(share * 100).toFixed(0)} %`);
  }
});
