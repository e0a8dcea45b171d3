/** All roles, in the order in which messages list them. */
export const queueRoles = ['SCHEDULER', 'WORKER', 'BOTH', 'PRODUCER'] as const;

/**
 * What an instance does besides adding tasks, which every role may.
 *
 * - `SCHEDULER`: stands for election and schedules when elected; runs no tasks.
 * - `WORKER`: runs tasks; never schedules.
 * - `BOTH`: stands for election and runs tasks.
 * - `PRODUCER`: only adds tasks.
 *
 * @publicApi
 */
export type QueueRole = (typeof queueRoles)[number];

/** Whether an instance of this role stands for election. */
export function roleSchedules(role: QueueRole): boolean {
  return role === 'SCHEDULER' || role === 'BOTH';
}

/** Whether an instance of this role runs tasks. */
export function roleWorks(role: QueueRole): boolean {
  return role === 'WORKER' || role === 'BOTH';
}
