import { openAffinity } from './affinity.js';
import { openBullmq } from './bullmq.js';
import { openGroupmq } from './groupmq.js';
import type { OpenPeer } from './peer.js';

export const peers = {
  affinity: openAffinity,
  groupmq: openGroupmq,
  bullmq: openBullmq,
} as const satisfies Record<string, OpenPeer>;

export type PeerName = keyof typeof peers;
