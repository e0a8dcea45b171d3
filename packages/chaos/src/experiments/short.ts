import type { PlannedFault, Victim } from '../faults/planned-fault.js';
import { leaseMs } from '../stage/lease.js';
import { briefDisasters } from './disasters/brief.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';
import { randomFaults } from './random-faults.js';

const leader: Victim = { isLeader: true, number: 0 };
const other = (number: number): Victim => ({ isLeader: false, number });

/** Every kind of fault once, freezes of every span; the quick ones first. */
export const shortPlan: readonly PlannedFault[] = [
  { kind: 'script-flush' },
  { kind: 'cut', victim: other(1) },
  { kind: 'drop-replies', victim: leader, count: 2 },
  { kind: 'delay', victim: other(2), ms: leaseMs / 2, delayMs: 50 },
  { kind: 'black-hole', victim: other(0), direction: 'to-redis', ms: 1.1 * leaseMs, ending: 'deliver' },
  { kind: 'black-hole', victim: leader, direction: 'to-instance', ms: 1.1 * leaseMs, ending: 'break' },
  { kind: 'block', victim: other(1), ms: leaseMs / 2 },
  { kind: 'freeze', victim: other(2), ms: 0.5 * leaseMs },
  { kind: 'freeze', victim: leader, ms: 1.1 * leaseMs },
  { kind: 'freeze', victim: other(0), ms: 3 * leaseMs },
  { kind: 'cut', victim: 'all' },
  { kind: 'redis-freeze', ms: leaseMs / 2 },
  { kind: 'redis-kill', ms: 0 },
  { kind: 'kill', victim: leader, awayMs: 0 },
  { kind: 'kill', victim: other(1), awayMs: 0 },
  { kind: 'kill before a command', victim: other(0), command: 'commitTasks' },
  { kind: 'kill after a command', victim: other(2), command: 'commitTasks' },
  { kind: 'terminate' },
];

/** One after the other; each has a seed of its own. */
const parts: readonly ((setup: CampaignSetup) => Promise<EpisodeOutcome>)[] = [
  ({ seed, folder, scripts, progress }) =>
    randomFaults({
      ...{ experiment: 'short', seed, folder, scripts, onFault: progress },
      ...{ faultCount: shortPlan.length, plan: shortPlan, instances: 3, isByPlan: true },
    }),
  briefDisasters,
];

/** A part of `npm test`: these episodes and no others, so that whatever misses in them is seen. */
export const short: Experiment = {
  name: 'short',
  about: 'every kind of fault once, in less than 90 seconds',
  defaultFaults: Number.POSITIVE_INFINITY,
  async *episodes(setup, from) {
    for (const [number, part] of parts.entries())
      if (number >= from) yield await part({ ...setup, seed: setup.seed + number });
  },
};
