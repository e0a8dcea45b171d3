import { commitsToCount } from '../faults/fault-log.js';
import { FaultStriker } from '../faults/strike.js';

import { duplicatesByCause } from '../measures/duplicates.js';
import { standstills } from '../measures/standstill.js';
import { SeededRandom } from '../random/seeded-random.js';
import type { Cluster } from '../stage/cluster.js';
import type { Experiment } from './experiment.js';
import { runEpisode, type EpisodeRecords, type Play } from './episode.js';

const instances = 4;
const deploysPerEpisode = 4;
/** What a deploy may do to a tag. */
const longestStandstillMs = 1_000;

/** Rolling deploys of four instances under load: nothing runs twice, order is kept, no tag stands still. */
export const rolling: Experiment = {
  name: 'rolling',
  about: 'rolling deploys of 4 instances under load',
  defaultFaults: 20,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      const random = new SeededRandom(seed + episode);
      yield await runEpisode({
        experiment: 'rolling',
        seed: seed + episode,
        folder,
        scripts,
        measure,
        play: (cluster, play) => deploy(cluster, play, random, progress),
      });
    }
  },
};

async function deploy(
  cluster: Cluster,
  play: Play,
  random: SeededRandom,
  progress: (text: string) => void,
): Promise<void> {
  const production = () => ({ seed: random.int(1, 2 ** 30), workload: 'plain', callsPerSecond: 25 }) as const;
  await Promise.all(Array.from({ length: instances }, () => cluster.add('BOTH', production())));
  cluster.produce(true);
  await cluster.commits(100);
  const striker = new FaultStriker(cluster, ({ role }) => cluster.spawn(role, production()));
  for (let count = 1; count <= deploysPerEpisode; count += 1) {
    progress(`deploy ${count}`);
    const before = cluster.witness.commits;
    const { hit, target } = await striker.strike({ kind: 'terminate' });
    await cluster.commits(commitsToCount);
    play.log({
      kind: 'rolling deploy',
      detail: '',
      target,
      hit,
      commitsAfter: cluster.witness.commits - before,
    });
  }
}

function measure({ timeline, problem }: EpisodeRecords): { standstill: number[] } {
  const standstill = [...standstills(timeline).values()];
  const longest = Math.max(...standstill);
  if (longest > longestStandstillMs) problem(`a tag stood still for ${Math.round(longest)} ms`);
  const twice = Object.values(duplicatesByCause(timeline)).reduce((sum, count) => sum + count, 0);
  if (twice > 0) problem(`${twice} tasks ran twice`);
  return { standstill };
}
