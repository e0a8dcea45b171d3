import type { QueueModuleOptions } from 'nestjs-affinity-queue';

/** What is recommended for production; also the defaults. */
export const production: QueueModuleOptions = {
  electionOptions: {
    electionLockTtl: 30000,
    heartbeatInterval: 10000,
    heartbeatTimeout: 60000,
  },
};
