import type { Cluster } from '../../stage/cluster.js';
import { leaseMs } from '../../stage/lease.js';
import type { Part, Step } from './step.js';
import type { Troupe } from './troupe.js';

interface Scene {
  readonly cluster: Cluster;
  readonly troupe: Troupe;
  /** Whose step it is to be. */
  readonly part: Part;
}

/** What makes instances send what they do not send every moment. */
export const provocations = {
  connect: async ({ troupe, part }: Scene) => {
    for (const instance of troupe.all(part)) instance.proxy.cut();
    return Promise.resolve();
  },
  recover: async ({ troupe }: Scene) => {
    await troupe.working('worker', 2);
    await troupe.kill(troupe.find('worker'), 'so that it is recovered');
    await troupe.refill('worker');
  },
  depose: async ({ troupe }: Scene) => troupe.depose(),
  takeOver: async ({ troupe }: Scene) => {
    await troupe.working('scheduler', 2);
    await troupe.kill(troupe.find('scheduler'), 'so that somebody takes over');
    await troupe.refill('scheduler');
  },
  forget: async ({ cluster }: Scene) => {
    await cluster.redis.call('SCRIPT', 'FLUSH', 'SYNC');
  },
  abandon: async ({ troupe }: Scene) => {
    await troupe.beLeaderless(3.5 * leaseMs);
    // Who has missed a leader says so too when there is one again.
    await troupe.working('scheduler', 1);
  },
} as const satisfies Record<string, (scene: Scene) => Promise<void>>;

export type Provocation = keyof typeof provocations;

/** What most likely leads to it; other steps come by themselves. */
const likely: readonly (readonly [RegExp, Provocation])[] = [
  [/^(hello|info|client|eval|hget|hgetall|hexists|auth|select)/, 'connect'],
  [/^(recoverWorker|reportDeath)/, 'recover'],
  [/^(resignLeadership|requestResignation)/, 'depose'],
  [/^(acquireLeadership|setLimits|scan|hset|del)/, 'takeOver'],
  [/^(reportLeaderless|get$)/, 'abandon'],
];

/** All of them, the one first that most likely leads to the step. */
export function provocationsFor({ name }: Step): Provocation[] {
  const first = likely.find(([pattern]) => pattern.test(name))?.[1];
  const all = Object.keys(provocations) as Provocation[];
  return first === undefined ? all : [first, ...all.filter((one) => one !== first)];
}
