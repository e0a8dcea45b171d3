import { systemClock, type Clock } from '../../domain/clock.js';

interface Seen {
  readonly heartbeats: number;
  readonly at: number;
  /** What the clocks of others said about it when it was first seen. */
  readonly before: number;
}

/**
 * For how long workers and leader have been silent: since their heartbeat counters were seen to change, by the monotonic
 * clock of this process. Only of those that were not seen to change yet the wall clocks decide.
 */
export class Silence {
  #seen = new Map<string, Seen>();

  constructor(private readonly clock: Clock = systemClock) {}

  /** @returns ms by id; whoever is not in the list is forgotten */
  note(
    all: readonly { readonly id: string; readonly heartbeats: number; readonly lastHeartbeat: number }[],
    now: number,
  ): ReadonlyMap<string, number> {
    const at = this.clock.nowMs();
    const seen = new Map<string, Seen>();
    for (const { id, heartbeats, lastHeartbeat } of all) {
      const last = this.#seen.get(id);
      const first = {
        heartbeats,
        at,
        before: last || lastHeartbeat === 0 ? 0 : Math.max(0, now - lastHeartbeat),
      };
      seen.set(id, last?.heartbeats === heartbeats ? last : first);
    }
    this.#seen = seen;
    return new Map([...seen].map(([id, one]) => [id, Math.round(at - one.at + one.before)]));
  }
}
