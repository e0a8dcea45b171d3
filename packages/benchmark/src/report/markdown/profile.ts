import { peers } from '../../peers/names.js';
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

function peerSection({ phases }: PeerProfile): string {
  return phases.map(phaseSection).join('\n\n');
}

export type PhasePart = 'packages' | 'functions' | 'scripts' | 'commands';

const parts: Readonly<Record<PhasePart, { title: string; toTable: (profile: PhaseProfile) => string }>> = {
  packages: {
    title: 'Node by package',
    toTable: ({ node, tasks }) => shareTable('package', node.byPackage, tasks),
  },
  functions: {
    title: 'Node by function',
    toTable: ({ node, tasks }) => shareTable('function', node.byFunction, tasks),
  },
  scripts: {
    title: 'Redis by script',
    toTable: ({ redis, tasks }) => callTable('script', redis.byScript, tasks),
  },
  commands: {
    title: 'Redis by command, inside and outside of scripts',
    toTable: ({ redis, tasks }) => callTable('command', redis.byCommand, tasks),
  },
};

/** One table of a phase, µs per task. */
export function phaseTable(profile: PhaseProfile, part: PhasePart): string {
  if (!Object.hasOwn(parts, part)) throw new Error(`A profile has no part "${part}"`);
  return parts[part].toTable(profile);
}

function phaseSection(profile: PhaseProfile): string {
  const tables = Object.values(parts).map(({ title, toTable }) => `${title}:\n\n${toTable(profile)}`);
  return [`Phase "${profile.phase}", µs per task.`, ...tables].join('\n\n');
}

function shareTable(what: string, shares: readonly TimeShare[], tasks: number): string {
  const rows = worthShowing(shares, tasks).map(({ name, micros }) => [
    code(name),
    formatNumber(micros / tasks, 2),
  ]);
  return table([what, 'µs a task'], rows);
}

function callTable(what: string, shares: readonly CallShare[], tasks: number): string {
  const rows = worthShowing(shares, tasks).map(({ name, calls, micros }) => [
    code(name),
    formatNumber(calls / tasks, 3),
    formatNumber(micros / tasks, 2),
    formatNumber(micros / calls, 1),
  ]);
  return table([what, 'calls a task', 'µs a task', 'µs a call'], rows);
}

/** Names of functions hold what Markdown and HTML would take for their own. */
function code(name: string): string {
  return `\`${name.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function worthShowing<T extends TimeShare>(shares: readonly T[], tasks: number): T[] {
  return shares.filter(({ micros }) => micros / tasks >= leastMicrosPerTask).slice(0, shownRows);
}
