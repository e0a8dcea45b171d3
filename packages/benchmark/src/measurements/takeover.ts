import { filter, firstValueFrom } from 'rxjs';
import { pause, until } from '../instruments/until.js';
import { startAffinity, taskType, type AffinityApp } from '../peers/affinity-app.js';
import { quantile } from '../statistics/statistics.js';
import type { Measurement } from './measurement.js';

export interface TakeoverInput {
  readonly times: number;
  /** Between two resignations; an instance that resigned stands aside for a second. */
  readonly betweenMs: number;
}

/** Two instances: the leader resigns; until the other leads, and until a task added at the resignation starts. */
export const measureTakeover: Measurement<TakeoverInput> = async ({ redisUrl }, input) => {
  let started: ((atMs: number) => void) | undefined;
  const start = async (): Promise<AffinityApp> => {
    const app = await startAffinity({ redisUrl, role: 'BOTH', workerOptions: { workerCount: 4 } });
    app.queues[0].workers.registerHandler(taskType, () => started?.(performance.now()));
    return app;
  };
  const apps = [await start(), await start()] as const;
  const takeoverMs: number[] = [];
  const dispatchMs: number[] = [];
  for (let time = 0; time < input.times; time += 1) {
    await until(() => apps.some(({ election }) => election.isLeader()), 'there is a leader');
    const [leader, other] = apps[0].election.isLeader() ? apps : [apps[1], apps[0]];
    await pause(input.betweenMs);
    const resignedAt = performance.now();
    const ran = new Promise<number>((resolve) => (started = resolve));
    const [leadsAt, ranAt] = await Promise.all([
      firstValueFrom(other.election.leadership$.pipe(filter(Boolean))).then(() => performance.now()),
      ran,
      leader.election.resign(),
      other.queues[0].service.add({ type: taskType, identifyTag: `tag-${time}`, payload: {} }),
    ]);
    takeoverMs.push(leadsAt - resignedAt);
    dispatchMs.push(ranAt - resignedAt);
  }
  await Promise.all(apps.map((app) => app.close()));
  return {
    takeoverP50Ms: quantile(takeoverMs, 0.5),
    takeoverMaxMs: Math.max(...takeoverMs),
    dispatchP50Ms: quantile(dispatchMs, 0.5),
    dispatchMaxMs: Math.max(...dispatchMs),
  };
};
