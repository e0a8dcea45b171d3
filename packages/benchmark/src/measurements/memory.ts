import { usedMemoryBytes } from '../instruments/redis-info.js';
import type { Measurement } from './measurement.js';
import { fill } from './tasks.js';

export interface MemoryInput {
  readonly tasks: number;
  readonly tags: number;
  readonly payloadBytes: number;
}

/** Redis' memory with so many tasks pending, all of them taken in by the scheduler, less what it was without. */
export const measureMemory: Measurement<MemoryInput> = async ({ open, redisUrl, admin }, input) => {
  const peer = await open(redisUrl, { workers: 1 });
  const before = await usedMemoryBytes(admin);
  await fill(peer, input);
  await peer.takeIn();
  const after = await usedMemoryBytes(admin);
  await peer.close();
  return { bytesPerTask: (after - before) / input.tasks };
};
