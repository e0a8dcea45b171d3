import type { FaultKind } from 'nestjs-affinity-queue/history';
import type { SeededRandom } from '../random/seeded-random.js';
import { leaseMs, spans } from '../stage/lease.js';

/** Whom it meets: the leader, or one of the others by its number. */
export interface Victim {
  readonly isLeader: boolean;
  readonly number: number;
}

export type Direction = 'to-redis' | 'to-instance' | 'both';

/** In the short form; "every step" does it at every command. */
export interface KillAtCommand {
  readonly kind: 'kill before a command' | 'kill after a command';
  readonly victim: Victim;
  readonly command: string;
}

/** A fault as the seed has it; who and when exactly is known when it happens. */
export type PlannedFault =
  | { readonly kind: 'kill'; readonly victim: Victim; readonly awayMs: number }
  | { readonly kind: 'freeze'; readonly victim: Victim; readonly ms: number }
  | { readonly kind: 'block'; readonly victim: Victim; readonly ms: number }
  | { readonly kind: 'redis-kill'; readonly ms: number }
  | { readonly kind: 'redis-freeze'; readonly ms: number }
  | { readonly kind: 'cut'; readonly victim: Victim | 'all' }
  | {
      readonly kind: 'black-hole';
      readonly victim: Victim;
      readonly direction: Direction;
      readonly ms: number;
      /** Whether what was sent meanwhile arrives late, or the connections break. */
      readonly ending: 'deliver' | 'break';
    }
  | { readonly kind: 'delay'; readonly victim: Victim; readonly ms: number; readonly delayMs: number }
  | { readonly kind: 'drop-replies'; readonly victim: Victim; readonly count: number }
  | { readonly kind: 'script-flush' }
  /** A rolling restart of all instances. */
  | { readonly kind: 'terminate' }
  | KillAtCommand;

/** What chance chooses from. */
export type PlannedKind = Exclude<PlannedFault['kind'], KillAtCommand['kind']>;

/** How often each comes. */
const weights: Readonly<Record<PlannedKind, number>> = {
  kill: 16,
  freeze: 14,
  block: 8,
  'redis-kill': 7,
  'redis-freeze': 7,
  cut: 10,
  'black-hole': 16,
  delay: 4,
  'drop-replies': 10,
  'script-flush': 4,
  terminate: 4,
};

export const plannedKinds = Object.keys(weights) as readonly (PlannedKind & FaultKind)[];

export function planFaults(random: SeededRandom, count: number): PlannedFault[] {
  const bag = plannedKinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));
  return Array.from({ length: count }, () => planFault(random, random.pick(bag)));
}

export function planFault(random: SeededRandom, kind: PlannedKind): PlannedFault {
  const victim: Victim = { isLeader: random.chance(0.4), number: random.int(0, 99) };
  const ms = random.pick(spans) * leaseMs;
  switch (kind) {
    case 'kill':
      return { kind, victim, awayMs: random.pick([0, 0, 500, 1_500]) };
    case 'freeze':
    case 'block':
      return { kind, victim, ms };
    case 'redis-kill':
      return { kind, ms: random.pick([0, 300, 2_000]) };
    case 'redis-freeze':
      return { kind, ms };
    case 'cut':
      return { kind, victim: random.chance(0.4) ? 'all' : victim };
    case 'black-hole':
      return {
        kind,
        victim,
        direction: random.pick(['to-redis', 'to-instance', 'both'] as const),
        ms,
        ending: random.pick(['deliver', 'break'] as const),
      };
    case 'delay':
      return { kind, victim, ms: leaseMs, delayMs: random.pick([20, 100, 250]) };
    case 'drop-replies':
      return { kind, victim, count: random.int(1, 3) };
    case 'script-flush':
    case 'terminate':
      return { kind };
  }
}

/** For tables and logs. */
export function describeFault(fault: PlannedFault): string {
  const details = Object.entries(fault).flatMap(([name, value]) =>
    name === 'kind'
      ? []
      : name === 'victim'
        ? describeVictim(value as Victim | 'all')
        : `${name} ${String(value)}`,
  );
  return [fault.kind, ...details].join(', ');
}

function describeVictim(victim: Victim | 'all'): string {
  if (victim === 'all') return 'everybody';
  return victim.isLeader ? 'the leader' : `instance ${victim.number}`;
}
