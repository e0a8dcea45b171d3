import type { PeerName } from '../../peers/names.js';

/** Told apart also by people who do not see all colours. */
export const colours: Readonly<Record<PeerName, string>> = {
  affinity: '#0072b2',
  groupmq: '#e69f00',
  bullmq: '#009e73',
  ideal: '#8c959f',
};
