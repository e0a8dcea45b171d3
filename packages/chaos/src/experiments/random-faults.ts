import { setTimeout as pause } from 'node:timers/promises';
import { commitsToCount } from '../faults/fault-log.js';
import { describeFault, planFaults, type PlannedFault } from '../faults/planned-fault.js';
import { FaultStriker } from '../faults/strike.js';
import { timedForMs } from '../measures/failover.js';
import { SeededRandom } from '../random/seeded-random.js';
import type { Cluster } from '../stage/cluster.js';
import { aftermathMs, leaseMs } from '../stage/lease.js';
import { queueOptions } from '../stage/queue-names.js';
import type { WitnessedScripts } from '../witness/test-build.js';
import { runEpisode, type EpisodeSetup, type Play } from './episode.js';
import type { EpisodeOutcome } from './outcome.js';

const mostTries = 5;
const retryMs = 200;
/** Nothing is felt of the fault before any more. */
const aloneBeforeMs = aftermathMs + 100;
const aloneAfterMs = timedForMs + 100;

export interface RandomSetup {
  readonly experiment?: string;
  readonly seed: number;
  readonly folder: string;
  readonly scripts: WitnessedScripts;
  readonly faultCount: number;
  /** Instead of what the seed would choose. */
  readonly plan?: readonly PlannedFault[] | undefined;
  readonly instances?: number | undefined;
  /** One after the other without a pause, each again until it has hit; instead of some together and some alone, by chance. */
  readonly isByPlan?: boolean;
  /** Nothing more is done once something has happened that must not. */
  readonly endsAtProblem?: boolean;
  readonly onFault?: (fault: string) => void;
}

/** What an episode plays: the same for the same seed, and the same chance afterwards. */
export function planEpisode({
  seed,
  faultCount,
  plan,
  instances,
}: Pick<RandomSetup, 'seed' | 'faultCount' | 'plan' | 'instances'>): {
  random: SeededRandom;
  count: number;
  faults: readonly PlannedFault[];
} {
  const random = new SeededRandom(seed);
  const count = instances ?? random.int(3, 5);
  return { random, count, faults: plan ?? planFaults(random, faultCount) };
}

/** Instances that add and run tasks of all kinds, and faults of all kinds, one after the other and some at the same time. */
export function randomFaults({
  experiment = 'random',
  seed,
  folder,
  scripts,
  faultCount,
  plan,
  instances,
  isByPlan = false,
  endsAtProblem = false,
  onFault = () => undefined,
}: RandomSetup): Promise<EpisodeOutcome> {
  const { random, count, faults } = planEpisode({ seed, faultCount, plan, instances });
  const setup: EpisodeSetup = {
    experiment,
    seed,
    folder,
    scripts,
    // Every other episode is played as on one host, where deaths are seen.
    options: queueOptions({ onOneHost: seed % 2 === 0 }),
    play: (cluster, play) =>
      playFaults(cluster, play, { random, count, faults, isByPlan, endsAtProblem, onFault }),
  };
  return runEpisode(setup);
}

async function playFaults(
  cluster: Cluster,
  outer: Play,
  {
    random,
    count,
    faults,
    isByPlan,
    endsAtProblem,
    onFault,
  }: {
    random: SeededRandom;
    count: number;
    faults: readonly PlannedFault[];
    isByPlan: boolean;
    endsAtProblem: boolean;
    onFault: (fault: string) => void;
  },
): Promise<void> {
  let isOver = false;
  const play: Play = {
    ...outer,
    problem: (text) => {
      isOver = endsAtProblem;
      outer.problem(text);
    },
  };
  // Chance of its own: who starts when depends on the faults, and must not change what is planned.
  const starts = new SeededRandom(random.int(1, 2 ** 30));
  const production = () =>
    ({ seed: starts.int(1, 2 ** 30), workload: 'mixed', callsPerSecond: 60 / count }) as const;
  await Promise.all(Array.from({ length: count }, () => cluster.add('BOTH', production())));
  cluster.produce(true);
  await cluster.commits(commitsToCount);

  const striker = new FaultStriker(cluster, ({ role }) => cluster.spawn(role, production()));
  if (isByPlan) {
    for (const fault of faults) {
      onFault(describeFault(fault));
      await strikeUntilItHits(cluster, striker, fault, play);
    }
    return;
  }
  const running = new Set<Promise<void>>();
  const missed: PlannedFault[] = [];
  for (const fault of faults) {
    if (isOver) break;
    // Some come while the one before is not over, some when all is well again.
    const isTogether = random.chance(0.2);
    const isAlone = random.chance(0.2) && !isTogether;
    if (isAlone) {
      await Promise.all(running);
      await pause(aloneBeforeMs);
    }
    const one = strike(cluster, striker, fault, play)
      .then((hit) => {
        if (!hit) missed.push(fault);
      })
      .finally(() => running.delete(one));
    running.add(one);
    onFault(describeFault(fault));
    if (isTogether) await pause(random.int(0, leaseMs));
    else await Promise.all(running);
    if (isAlone) await pause(aloneAfterMs);
  }
  await Promise.all(running);
  // Such as a black hole around a process that was frozen.
  for (const fault of isOver ? [] : missed) await strike(cluster, striker, fault, play);
}

/** A miss, such as of a leader where there is none at the moment, is no reason to do without it. */
async function strikeUntilItHits(
  cluster: Cluster,
  striker: FaultStriker,
  fault: PlannedFault,
  play: Play,
): Promise<void> {
  for (let tries = 1; tries <= mostTries; tries += 1) {
    if (await strike(cluster, striker, fault, play)) return;
    await pause(retryMs);
  }
  play.problem(`${describeFault(fault)}: missed ${mostTries} times`);
}

/** @returns whether it hit */
async function strike(
  cluster: Cluster,
  striker: FaultStriker,
  fault: PlannedFault,
  play: Play,
): Promise<boolean> {
  const { witness } = cluster;
  const before = witness.commits;
  const { hit, target } = await striker.strike(fault);
  const [own] = cluster.working;
  if (own === undefined) await cluster.settled();
  await cluster.commits(commitsToCount).catch(() => {
    play.problem(`${describeFault(fault)}: fewer than ${commitsToCount} attempts ended within 20 s after it`);
  });
  play.log({
    kind: fault.kind,
    detail: describeFault(fault),
    target,
    hit,
    commitsAfter: witness.commits - before,
  });
  return hit;
}
