import type { Redis } from 'ioredis';
import type { StartMeter } from '../instruments/meter.js';
import type { PeerName } from '../peers/names.js';
import type { OpenPeer } from '../peers/peer.js';

/** What one measurement found: a figure per metric, or all samples where their distribution is of interest. */
export type Values = Record<string, number | readonly number[]>;

export interface MeasureContext {
  readonly redisUrl: string;
  /** A connection of the measurement's own, for looking. */
  readonly admin: Redis;
  readonly peer: PeerName;
  readonly open: OpenPeer;
  readonly startMeter: StartMeter;
}

export type Measurement<Input> = (context: MeasureContext, input: Input) => Promise<Values>;
