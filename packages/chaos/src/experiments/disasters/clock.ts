import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FakeClock } from '../../disasters/fake-clock.js';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import { declaredDead } from '../../measures/declared-dead.js';
import { leaseMs } from '../../stage/lease.js';
import { until } from '../../stage/until.js';
import type { Experiment } from '../experiment.js';
import { runEpisode, type Play } from '../episode.js';
import { fallingEpochs, goesOn, note, populate } from './disaster.js';

/** Seconds. */
export const hour = 3_600;
/** Where the clock is set, by turns: the last one is the true time, so that what waits for it does not wait for an hour. */
const course = [hour, 0, -hour, 0] as const;

/** The wall clock of Redis jumps by an hour: nothing is lost or committed twice, and nobody who lives is declared dead. */
export const clock: Experiment = {
  name: 'clock',
  about: 'the wall clock of Redis jumps an hour ahead, back, and behind',
  defaultFaults: 16,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      const place = mkdtempSync(join(tmpdir(), 'affinity-chaos-clock-'));
      const wallClock = new FakeClock(place);
      const outcome = await runEpisode({
        experiment: 'clock',
        seed: seed + episode,
        folder,
        scripts,
        redisEnvironment: wallClock.environment,
        measure: ({ timeline, problem }) => {
          // Nobody ends in these episodes, so that whoever is declared dead lived.
          [...fallingEpochs(timeline), ...declaredDead(timeline)].forEach(problem);
          return {};
        },
        play: (cluster, play) => jump(cluster, play, wallClock, new SeededRandom(seed + episode), progress),
      });
      rmSync(place, { recursive: true });
      yield outcome;
    }
  },
};

async function jump(
  cluster: Cluster,
  play: Play,
  wallClock: FakeClock,
  random: SeededRandom,
  progress: (text: string) => void,
): Promise<void> {
  // Back-offs and delays follow the clock of Redis, and would last an hour: tasks that need none.
  await populate(cluster, random, 'steady');
  for (const seconds of course) {
    progress(`the clock at ${seconds} s`);
    await pause(random.int(leaseMs / 2, 2 * leaseMs));
    await setClock(cluster, play, wallClock, seconds);
  }
}

/** @param seconds - of the true time, an hour or more away from where it is */
export async function setClock(
  cluster: Cluster,
  play: Play,
  wallClock: FakeClock,
  seconds: number,
): Promise<void> {
  const what = `clock ${seconds > wallClock.ahead ? '+' : '-'}1 h`;
  const before = cluster.witness.commits;
  note(cluster, 'clock', what);
  const was = await timeOf(cluster);
  wallClock.set(seconds);
  const hit = await until(
    'the clock of Redis has jumped',
    async () => Math.abs((await timeOf(cluster)) - was) > hour / 2,
  );
  await goesOn(cluster, play, what, hit, before);
}

async function timeOf({ redis }: Cluster): Promise<number> {
  return Number((await redis.time())[0]);
}
