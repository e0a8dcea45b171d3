import type { BenchTask, Peer } from '../peers/peer.js';

const envelopeBytes = '{"n":100000,"filler":""}'.length;

/** Task number `n`; the tags take turns. The payload is JSON of about so many bytes. */
export function makeTask(n: number, tags: number, payloadBytes = 40): BenchTask {
  const filler = 'x'.repeat(Math.max(0, payloadBytes - envelopeBytes));
  return { tag: `tag-${n % tags}`, payload: { n, filler } };
}

export interface FillInput {
  readonly tasks: number;
  readonly tags: number;
  readonly payloadBytes?: number;
  /** Number of the first one. Default: 0. */
  readonly first?: number;
  /** With one call of `addBulk`. */
  readonly perCall?: number;
}

export async function fill(
  peer: Peer,
  { tasks, tags, payloadBytes, first = 0, perCall = 500 }: FillInput,
): Promise<void> {
  for (let from = 0; from < tasks; from += perCall) {
    const count = Math.min(perCall, tasks - from);
    await peer.addBulk(
      Array.from({ length: count }, (_, n) => makeTask(first + from + n, tags, payloadBytes)),
    );
  }
}

/** Runs `step` for 0 … count - 1, so many at the same time. */
export async function inLanes(
  count: number,
  lanes: number,
  step: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const runLane = async (): Promise<void> => {
    while (next < count) await step(next++);
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
}
