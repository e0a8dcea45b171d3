import { peers } from '../../peers/index.js';
import type { CallShare, PhaseProfile, TimeShare } from '../../profile/phase-profile.js';
import type { CaseResult, PeerProfile } from '../../run/results.js';
import { formatNumber } from '../format.js';
import { table } from './tables.js';

const shownRows = 15;
/** Below this a row says nothing. */
const leastMicrosPerTask = 0.05;

/** Where the time of a case went, by phase and peer. */
export function profileSection({ title, profiles }: CaseResult): string {
  return profiles
    .map((profile) => `### ${title}: ${peers[profile.peer].title}\n\n${peerSection(profile)}`)
    .join('\n\n');
}

export function peerSection({ phases }: Pick<PeerProfile, 'phases'>): string {
  return phases.map(phaseSection).join('\n\n');
}

function phaseSection(profile: PhaseProfile): string {
  const { phase, tasks, node, redis } = profile;
  return [
    `Phase "${phase}", µs per task.`,
    `Node by package:\n\n${shareTable('package', node.byPackage, tasks)}`,
    `Node by function:\n\n${shareTable('function', node.byFunction, tasks)}`,
    `Redis by script:\n\n${callTable('script', redis.byScript, tasks)}`,
    `Redis by command, inside and outside of scripts:\n\n${callTable('command', redis.byCommand, tasks)}`,
  ].join('\n\n');
}

function shareTable(what: string, shares: readonly TimeShare[], tasks: number): string {
  const rows = worthShowing(shares, tasks).map(({ name, micros }) => [name, formatNumber(micros / tasks, 2)]);
  return table([what, 'µs'], rows);
}

function callTable(what: string, shares: readonly CallShare[], tasks: number): string {
  const rows = worthShowing(shares, tasks).map(({ name, calls, micros }) => [
    name,
    formatNumber(calls / tasks, 3),
    formatNumber(micros / tasks, 2),
    formatNumber(micros / calls, 1),
  ]);
  return table([what, 'calls a task', 'µs a task', 'µs a call'], rows);
}

function worthShowing<T extends TimeShare>(shares: readonly T[], tasks: number): T[] {
  return shares.filter(({ micros }) => micros / tasks >= leastMicrosPerTask).slice(0, shownRows);
}
