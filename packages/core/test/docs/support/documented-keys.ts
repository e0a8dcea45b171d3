import { codeOf, tableUnder } from './markdown.js';

/** A row of the tables in docs/reference/redis-keys.md. */
export interface DocumentedKey {
  readonly key: string;
  readonly type: string;
  readonly lives: string;
}

/** What stands for the placeholders of the tables. */
export interface QueueNames {
  readonly queue: string;
  readonly prefix: string;
  readonly state: string;
}

const headings = [
  'Election and workers',
  "The pending queue: BullMQ's keys",
  'The pending queue: our keys',
  'Worker queues',
];

/** Every key that docs/reference/redis-keys.md names. */
export const documentedKeys: readonly DocumentedKey[] = headings.flatMap((heading) =>
  tableUnder('docs/reference/redis-keys.md', heading).map(([key, type, , lives]) => ({
    key: codeOf(key!),
    type: type!,
    lives: lives!,
  })),
);

/** The keys of one queue that a row stands for. */
export function patternOf({ key }: DocumentedKey, { queue, prefix, state }: QueueNames): RegExp {
  const shared = key.startsWith('scheduler:instance:') || queue === 'pending-tasks';
  const pattern = (shared ? key : key.replace(/^scheduler:/, 'scheduler:<queue>:'))
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('<queue>', queue)
    .replaceAll('<prefix>', prefix)
    .replaceAll('<state>', state)
    .replaceAll('<worker>', '[\\w.-]+-\\d+')
    .replaceAll('<node>', '[\\w.-]+')
    .replaceAll('<host>', '[0-9a-f-]{36}\\.\\d+\\.\\d+')
    .replaceAll('<tag>', '.+')
    .replaceAll('<chain>', '[A-Z][\\w-]{12}:\\d+:\\d+')
    .replaceAll('<schedule>', '[a-z]+')
    // Ids of `QueueService`, of other producers, and of schedules.
    .replaceAll('<id>', '(?:[A-Z][\\w-]{12}|\\d+|repeat:[a-z]+:\\d+)');
  return new RegExp(`^${pattern}$`);
}
