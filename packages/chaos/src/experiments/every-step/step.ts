import type { QueueRole } from 'nestjs-affinity-queue';
import type { Phase } from '../../stage/instance-process.js';

/** Who sends it. A leader also recovers; instances have one part each, so that it is known who sends what. */
export type Part = 'producer' | 'scheduler' | 'worker';

export const parts: readonly Part[] = ['producer', 'scheduler', 'worker'];

export const roleOf: Readonly<Record<Part, QueueRole>> = {
  producer: 'PRODUCER',
  scheduler: 'SCHEDULER',
  worker: 'WORKER',
};

export function partOf(role: QueueRole): Part {
  return parts.find((part) => roleOf[part] === role) ?? 'worker';
}

/** Where the instances are: each on a host of its own, or where they see each other end. */
export type Place = 'apart' | 'one host';

export const places: readonly Place[] = ['apart', 'one host'];

/** A script or a command that instances of one part send in one phase of their life. */
export interface Step {
  readonly part: Part;
  readonly phase: Phase;
  readonly name: string;
}

/** A process that sends a step is killed at its n-th occurrence. */
export interface Point extends Step {
  readonly when: 'before' | 'after';
  readonly occurrence: number;
}

export function describeStep({ part, phase, name }: Step): string {
  return `${part}, ${phase}: ${name}`;
}

export function describePoint(point: Point): string {
  return `${describeStep(point)}, ${point.when}`;
}
