import { readScriptHolds, startSlowLog } from '../instruments/slow-log.js';
import type { BenchHandler } from '../peers/peer.js';
import type { Measurement } from './measurement.js';
import { fill } from './tasks.js';

export interface BacklogInput {
  readonly pending: number;
  readonly tags: number;
  readonly workers: number;
  /** So many of the pending tasks are run while Redis' time is measured. */
  readonly run: number;
  readonly payloadBytes?: number;
  readonly perCall?: number;
}

/** What adding, taking in and running a task cost Redis while so many are pending, and how long one script holds it. */
export const measureBacklog: Measurement<BacklogInput> = async (
  { open, redisUrl, admin, startMeter },
  input,
) => {
  const { pending, tags, workers, run } = input;
  const peer = await open(redisUrl, { workers });
  await startSlowLog(admin);

  const stopAddMeter = await startMeter('add', pending);
  await fill(peer, { ...input, tasks: pending });
  const added = await stopAddMeter();
  const addHolds = await readScriptHolds(admin);

  const stopTakeInMeter = await startMeter('take in', pending);
  await peer.takeIn(tags);
  const takenIn = await stopTakeInMeter();
  const takeInHolds = await readScriptHolds(admin);

  const gate = new Gate(run);
  await peer.process(gate.handler);
  await gate.whenReached(Math.min(workers, tags));
  const stopMeter = await startMeter('process', run);
  gate.open();
  await gate.whenExhausted;
  const processed = await stopMeter();
  const processHolds = await readScriptHolds(admin);
  const holds = [addHolds, takeInHolds, processHolds];
  return {
    addMicrosPerTask: added.redisCpuMicros / pending,
    takeInMicrosPerTask: takenIn.redisCpuMicros / pending,
    redisMicrosPerTask: processed.redisCpuMicros / run,
    addHoldMs: addHolds.longestMs,
    takeInHoldMs: takeInHolds.longestMs,
    processHoldMs: processHolds.longestMs,
    longestHoldMs: Math.max(...holds.map(({ longestMs }) => longestMs)),
    holdsOver5Ms: holds.reduce((sum, { over5Ms }) => sum + over5Ms, 0),
  };
};

/** Holds handlers back until it is opened, lets so many pass, and holds back all others for good. */
class Gate {
  readonly whenExhausted: Promise<void>;
  #exhaust!: () => void;
  #arrived = 0;
  #arrival: { readonly count: number; readonly reached: () => void } | undefined;
  readonly #opened: Promise<void>;
  #release!: () => void;
  readonly #closed = new Promise<never>(() => undefined);

  constructor(private readonly passes: number) {
    this.whenExhausted = new Promise((resolve) => (this.#exhaust = resolve));
    this.#opened = new Promise((resolve) => (this.#release = resolve));
  }

  readonly handler: BenchHandler = () => {
    this.#arrived += 1;
    if (this.#arrival !== undefined && this.#arrived >= this.#arrival.count) this.#arrival.reached();
    if (this.#arrived === this.passes + 1) this.#exhaust();
    return this.#arrived > this.passes ? this.#closed : this.#opened;
  };

  async whenReached(count: number): Promise<void> {
    if (this.#arrived >= count) return;
    await new Promise<void>((reached) => (this.#arrival = { count, reached }));
  }

  open(): void {
    this.#release();
  }
}
