import { expect, it } from '@jest/globals';
import type { Harness } from './support/harness.js';
import { useHarness } from './support/use-harness.js';

const { queue: newQueue } = useHarness();

const tags = Array.from({ length: 1_000 }, (_, n) => `tag-${n}`);
const deaths = 40;

/** Binds until no tag waits for an idle worker. */
async function dispatchAll(queue: Harness): Promise<void> {
  while ((await queue.dispatch()).more);
}

it('recovery leaves no tag behind among a thousand, whose workers die again and again', async () => {
  const queue = await newQueue();
  for (const tag of tags) await queue.addAtOnce(tag, `${tag}-first`, `${tag}-second`);
  for (let n = 0; n < deaths; n += 1) {
    const worker = `doomed-${n}`;
    await queue.register(worker);
    await dispatchAll(queue);
    const task = await queue.take(worker);
    // Half of them die under the first task of a tag, half after it.
    if (n % 2 === 1) await queue.commit(worker, task, { fetchNext: true });
    await queue.recover(worker, { maxCrashes: deaths });
  }
  await queue.register('survivor');
  const ran: string[] = [];
  for (await dispatchAll(queue); ; await dispatchAll(queue)) {
    let next = await queue.takeReply('survivor');
    if (typeof next !== 'object') break;
    while (typeof next === 'object') {
      ran.push(next.id);
      next = await queue.finish('survivor', next, { fetchNext: true });
    }
  }
  const alreadyRun = deaths / 2;
  expect(ran).toHaveLength(2 * tags.length - alreadyRun);
  expect(new Set(ran).size).toBe(ran.length);
  const isLate = (tag: string): boolean => ran.indexOf(`${tag}-first`) > ran.indexOf(`${tag}-second`);
  expect(tags.filter(isLate)).toEqual([]);
});
