import type { FaultKind, RecordFields } from '../records.js';

type Trait =
  /** Over at once: without a duration it does not go on for good. */
  | 'momentary'
  /** The process does nothing as long as it lasts. */
  | 'stands still'
  /** It ends a lease however short it is: the worker is told to go, or Redis forgets it. */
  | 'ends a lease'
  /** Redis goes back to an earlier state of its data. */
  | 'loses history';

/** What each kind of fault does; all that the checker knows about them. */
const traits: Readonly<Record<FaultKind, readonly Trait[]>> = {
  kill: ['momentary'],
  freeze: ['stands still'],
  block: ['stands still'],
  terminate: ['momentary', 'ends a lease'],
  'redis-kill': ['momentary'],
  'redis-freeze': [],
  cut: ['momentary'],
  'black-hole': [],
  delay: [],
  'drop-replies': ['momentary'],
  'script-flush': ['momentary'],
  'power-loss': ['momentary', 'ends a lease', 'loses history'],
  clock: ['momentary'],
  full: [],
  promote: ['momentary', 'ends a lease', 'loses history'],
};

export function does({ kind }: Pick<RecordFields['fault'], 'kind'>, trait: Trait): boolean {
  return traits[kind].includes(trait);
}

/** How long a fault lasts, ms: one that goes on, and has no duration, for good. */
export function lastsForMs(fault: Pick<RecordFields['fault'], 'kind' | 'durationMs'>): number {
  return fault.durationMs ?? (does(fault, 'momentary') ? 0 : Number.POSITIVE_INFINITY);
}
