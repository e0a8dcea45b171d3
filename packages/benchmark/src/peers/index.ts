import { openAffinity } from './affinity.js';
import { openBullmq } from './bullmq.js';
import { openGroupmq } from './groupmq.js';
import { openIdeal } from './ideal.js';
import type { OpenPeer } from './peer.js';

export interface PeerDescription {
  readonly title: string;
  /** The npm package, whose installed version the report names. */
  readonly packageName?: string;
  /** What one gets for the cost. */
  readonly guarantees: string;
  readonly open: OpenPeer;
}

export type PeerName = 'affinity' | 'groupmq' | 'bullmq' | 'ideal';

export const peers: Readonly<Record<PeerName, PeerDescription>> = {
  affinity: {
    title: 'nestjs-affinity-queue',
    packageName: 'nestjs-affinity-queue',
    guarantees:
      'Tasks of a tag run one after the other, in order, up to `maxBatchSize` of them in a row on one worker; also across retries, crashes, takeovers and deploys. At least once, one accepted outcome per attempt, fencing tokens. Tags share the workers in turn.',
    open: openAffinity,
  },
  groupmq: {
    title: 'GroupMQ',
    packageName: 'groupmq',
    guarantees:
      'Tasks of a group run one after the other, in order; any worker may take the next one. At least once. No event stream.',
    open: openGroupmq,
  },
  bullmq: {
    title: 'BullMQ',
    packageName: 'bullmq',
    guarantees:
      'No affinity and no order within a tag: tasks of one tag may run at the same moment. At least once. The engine underneath.',
    open: openBullmq,
  },
  ideal: {
    title: 'ideal',
    guarantees: 'No queue at all: the same handler in a bare loop with as many lanes, in memory.',
    open: openIdeal,
  },
};

export const realPeers = ['affinity', 'groupmq', 'bullmq'] as const satisfies readonly PeerName[];
