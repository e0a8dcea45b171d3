import { openAffinity } from './affinity.js';
import { openBullmq } from './bullmq.js';
import { openGroupmq } from './groupmq.js';
import { openIdeal } from './ideal.js';
import type { PeerName } from './names.js';
import type { OpenPeer } from './peer.js';

export const openers: Readonly<Record<PeerName, OpenPeer>> = {
  affinity: openAffinity,
  groupmq: openGroupmq,
  bullmq: openBullmq,
  ideal: openIdeal,
};
