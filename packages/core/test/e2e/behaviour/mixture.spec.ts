import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance, type TestInstance } from '../../support/calm.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/** Numbers that look random and are the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

interface Plan {
  readonly n: number;
  readonly does: 'go' | 'wait' | 'fail once' | 'fail';
}

const tags = upTo(8).map((n) => `tag ${n}`);

/**
 * All that people do to a queue, at once and by chance, on three instances; what must hold in the end holds whatever the
 * order was. A seed that fails is kept in the list.
 */
describe.each([1, 2, 3])('a mixture of everything (seed %i)', (seed) => {
  it('loses nothing, runs nothing twice, keeps the order and overlaps nowhere', async () => {
    const random = randomFrom(seed);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    const name = uniqueName();
    const recorder = new Recorder();
    const succeeded: string[] = [];
    const start = (): Promise<TestInstance> =>
      startInstance({ name, workerOptions: { workerCount: 2, maxBatchSize: 3 } }, (workers) => {
        workers.registerHandler(
          'note',
          recorder.handler(async ({ does }: Plan, { attempt, signal, job }) => {
            if (does === 'wait') await new Promise((resolve) => setTimeout(resolve, 3));
            if (does === 'fail' || (does === 'fail once' && attempt === 1) || signal.aborted)
              throw new Error('planned');
            succeeded.push(job.id!);
          }),
        );
      });
    const instances = await Promise.all([start(), start(), start()]);

    const added = new Map<string, Plan & { identifyTag: string }>();
    const retriedByHand = new Set<string>();
    const removed: number[] = [];
    let counter = 0;
    const newTask = () => {
      const payload: Plan = {
        n: counter++,
        does: pick(['go', 'go', 'go', 'wait', 'fail once', 'fail'] as const),
      };
      const options = { jobId: `job-${payload.n}`, attempts: 2, backoff: random(3) * 4 };
      return { type: 'note', identifyTag: pick(tags), payload, options };
    };
    const anyId = (): string => `job-${random(counter + 1)}`;
    const anyQueue = () => pick(instances).queue;
    const remember = (list: ReturnType<typeof newTask>[]): void => {
      for (const { identifyTag, payload, options } of list)
        added.set(options.jobId, { ...payload, identifyTag });
    };
    const steps: (() => Promise<void>)[] = [
      ...upTo(4).map(() => async () => {
        const list = upTo(1 + random(12)).map(newTask);
        remember(list);
        // One producer, so that the order of adding is known.
        await instances[0].queue.addBulk(list);
      }),
      async () => anyQueue().pauseTag(pick(tags)),
      async () => anyQueue().resumeTag(pick(tags)),
      async () => void removed.push(await anyQueue().purgeTag(pick(tags))),
      async () => void removed.push((await anyQueue().remove(anyId())) ? 1 : 0),
      async () => {
        const [queue, id] = [anyQueue(), anyId()];
        const outcome = await queue.cancel(id);
        if (outcome === 'removed') removed.push(1);
        // It fails, and may be retried by hand later.
        if (outcome === 'aborted') retriedByHand.add(id);
      },
      async () => {
        for (const [id, { does }] of added)
          if (does === 'fail' || does === 'fail once') retriedByHand.add(id);
        await anyQueue().retryFailed({ identifyTag: pick(tags), limit: 1 + random(5) });
      },
      async () => {
        await anyQueue().pause();
        await anyQueue().resume();
      },
      async () => void (await anyQueue().getTagStats(pick(tags))),
      async () => {
        const { workers } = pick(instances);
        await workers.stop();
        await workers.start();
      },
      async () => pick(instances).election.resign(),
    ];
    for (let step = 0; step < 150; step += 1) {
      await Promise.all(upTo(1 + random(3)).map(() => pick(steps)()));
    }
    for (const tag of tags) await anyQueue().resumeTag(tag);

    const { queue } = instances[0];
    const stats = await until(
      'everything has ended',
      async () => {
        const now = await queue.getQueueStats();
        const { waiting, active, delayed, tagsBound, workersRunning } = now;
        return waiting + active + delayed + tagsBound + workersRunning === 0 ? now : undefined;
      },
      { timeoutMs: 20_000 },
    );
    expect(stats).toMatchObject({ tagsWaiting: 0, workersIdle: 6 });
    expect(stats.completed + stats.failed + removed.reduce((sum, n) => sum + n, 0)).toBe(added.size);
    expect(succeeded).toHaveLength(stats.completed);
    expect(new Set(succeeded).size).toBe(stats.completed);
    expect(recorder.overlaps).toEqual([]);
    for (const tag of recorder.tags) {
      const starts = recorder.ofTag(tag).filter(({ jobId }) => !retriedByHand.has(jobId));
      const numbers = starts.map(({ payload }) => payload.n);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    for (const batch of recorder.batches) expect(batch.length).toBeLessThanOrEqual(3);
  });
});
