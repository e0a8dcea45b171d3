import type { PlannedFault, Victim } from '../faults/planned-fault.js';
import { leaseMs } from '../stage/lease.js';
import type { Experiment } from './experiment.js';
import { randomFaults } from './random-faults.js';

const leader: Victim = { isLeader: true, number: 0 };
const other = (number: number): Victim => ({ isLeader: false, number });

/** Every kind of fault once; the quick ones first. */
const plan: readonly PlannedFault[] = [
  { kind: 'script-flush' },
  { kind: 'cut', victim: other(1) },
  { kind: 'drop-replies', victim: leader, count: 2 },
  { kind: 'delay', victim: other(2), ms: leaseMs / 2, delayMs: 50 },
  { kind: 'black-hole', victim: other(0), direction: 'to-redis', ms: 1.1 * leaseMs, ending: 'deliver' },
  { kind: 'black-hole', victim: leader, direction: 'to-instance', ms: 1.1 * leaseMs, ending: 'break' },
  { kind: 'block', victim: other(1), ms: leaseMs / 2 },
  { kind: 'freeze', victim: leader, ms: 1.1 * leaseMs },
  { kind: 'cut', victim: 'all' },
  { kind: 'redis-freeze', ms: leaseMs / 2 },
  { kind: 'redis-kill', ms: 0 },
  { kind: 'kill', victim: leader, awayMs: 0 },
  { kind: 'kill', victim: other(1), awayMs: 0 },
  { kind: 'terminate' },
];

/** A part of `npm test`. */
export const short: Experiment = {
  name: 'short',
  about: 'every kind of fault once, in less than 90 seconds',
  defaultFaults: plan.length,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      const setup = {
        experiment: 'short',
        seed: seed + episode,
        faultCount: plan.length,
        plan,
        instances: 3,
      };
      yield await randomFaults({ ...setup, folder, scripts, onFault: progress });
    }
  },
};
