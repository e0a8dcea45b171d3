export interface PeerDescription {
  readonly title: string;
  /** What one gets for its cost. */
  readonly guarantees: string;
}

export type PeerName = 'affinity' | 'groupmq' | 'bullmq' | 'ideal';

export const peers: Readonly<Record<PeerName, PeerDescription>> = {
  affinity: {
    title: 'nestjs-affinity-queue',
    guarantees:
      'Tasks of a tag run one after the other, in order, up to `maxBatchSize` of them in a row on one worker; also across retries, crashes, takeovers and deploys. At least once, one accepted outcome per attempt, fencing tokens. Tags share the workers in turn.',
  },
  groupmq: {
    title: 'GroupMQ',
    guarantees:
      'Tasks of a group run one after the other, in order; any worker may take the next one. At least once. No event stream.',
  },
  bullmq: {
    title: 'BullMQ',
    guarantees:
      'No affinity and no order within a tag: tasks of one tag may run at the same moment. At least once. The engine underneath.',
  },
  ideal: {
    title: 'ideal',
    guarantees: 'No queue at all: the same handler in a bare loop with as many lanes, in memory.',
  },
};

export const realPeers = ['affinity', 'groupmq', 'bullmq'] as const satisfies readonly PeerName[];
