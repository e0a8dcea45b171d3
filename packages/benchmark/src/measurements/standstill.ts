import { pause, until } from '../instruments/until.js';
import { startAffinity, taskType, type AffinityApp } from '../peers/affinity-app.js';
import { quantile } from '../statistics/statistics.js';
import type { Measurement } from './measurement.js';

export interface StandstillInput {
  /** Each instance has as many workers, so that every tag of the one that stops finds an idle worker in the other. */
  readonly tags: number;
  readonly tasksPerTag: number;
  readonly handlerMs: number;
  /** Not before so many tasks have started; then as soon as half of the tags run in the first instance, it stops. */
  readonly stopAfter: number;
}

interface Start {
  readonly instance: number;
  readonly startedAtMs: number;
  endedAtMs: number;
}

/** One of two instances stops gracefully: per tag that moves, its last end there to its next start in the other. */
export const measureStandstill: Measurement<StandstillInput> = async ({ redisUrl }, input) => {
  const { tags, tasksPerTag, handlerMs } = input;
  const startsOfTag = new Map<string, Start[]>();
  let started = 0;
  const launch = async (instance: number): Promise<AffinityApp> => {
    const app = await startAffinity({ redisUrl, role: 'BOTH', workerOptions: { workerCount: tags } });
    app.queues[0].workers.registerHandler(taskType, async (_payload, { identifyTag }) => {
      started += 1;
      const start = { instance, startedAtMs: performance.now(), endedAtMs: Number.NaN };
      startsOfTag.get(identifyTag)?.push(start);
      await pause(handlerMs);
      start.endedAtMs = performance.now();
    });
    return app;
  };
  const stopping = await launch(0);
  const staying = await launch(1);
  const tagNames = Array.from({ length: tags }, (_, index) => `tag-${index}`);
  for (const tag of tagNames) startsOfTag.set(tag, []);
  const tasks = Array.from({ length: tasksPerTag }, () =>
    tagNames.map((identifyTag) => ({ type: taskType, identifyTag, payload: {} })),
  );
  await staying.queues[0].service.addBulk(tasks.flat());
  const isBusy = (): boolean => [...startsOfTag.values()].filter(runsInFirst).length >= tags / 2;
  await until(() => started >= input.stopAfter && isBusy(), 'the first instance is at work', { pollMs: 1 });
  const stoppedAtMs = performance.now();
  await stopping.close();
  await until(() => started === tags * tasksPerTag, 'every task has started');
  await staying.close();
  const gapsMs = [...startsOfTag.values()].flatMap((starts) => gapAtStop(starts, stoppedAtMs));
  return { moved: gapsMs.length, p50Ms: quantile(gapsMs, 0.5), maxMs: Math.max(...gapsMs) };
};

function runsInFirst(starts: readonly Start[]): boolean {
  const latest = starts.at(-1);
  return latest?.instance === 0 && Number.isNaN(latest.endedAtMs);
}

/** Of a tag that had a task running in the stopping instance when it was told to stop, or later. */
function gapAtStop(starts: readonly Start[], stoppedAtMs: number): number[] {
  const last = starts.findLastIndex(({ instance }) => instance === 0);
  const before = starts[last];
  const after = starts[last + 1];
  return before && after && before.endedAtMs >= stoppedAtMs ? [after.startedAtMs - before.endedAtMs] : [];
}
