/** Why a worker may not run tasks any more. */
export type Loss = 'declared-dead' | 'lease-over' | 'ended';

/** The same for people. */
export const lossReasons: Readonly<Record<Loss, string>> = {
  'declared-dead': 'it was declared dead',
  'lease-over': 'no heartbeat got through in time',
  ended: 'it takes nothing any more',
};
