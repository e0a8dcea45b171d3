/**
 * All instances are equal: each one works, and one elected leader schedules. Values come from the environment:
 *
 *   INSTANCES=3 ELECTION_LOCK_TTL=3000 HEARTBEAT_INTERVAL=1000 HEARTBEAT_TIMEOUT=5000 pm2 start ecosystem-election.config.js
 */
const path = require('node:path');

const shutdownTimeout = process.env.SHUTDOWN_TIMEOUT ?? '30000';

module.exports = {
  apps: [
    {
      name: 'affinity-queue-election',
      script: 'dist/main.js',
      cwd: path.join(__dirname, 'packages', 'example'),
      instances: process.env.INSTANCES ?? 'max', // all cores
      exec_mode: 'cluster',
      merge_logs: true,
      // An instance counts as started once it has sent 'ready', and may finish its running tasks before it is killed.
      wait_ready: true,
      listen_timeout: 20_000,
      kill_timeout: Number(shutdownTimeout) + 5_000,
      env: {
        NODE_ENV: process.env.NODE_ENV ?? 'production',
        APP_ROLE: 'BOTH', // every instance may lead
        PORT: process.env.PORT ?? '3000',
        SHUTDOWN_TIMEOUT: shutdownTimeout,
        ELECTION_LOCK_TTL: process.env.ELECTION_LOCK_TTL ?? '30000',
        HEARTBEAT_INTERVAL: process.env.HEARTBEAT_INTERVAL ?? '10000',
        HEARTBEAT_TIMEOUT: process.env.HEARTBEAT_TIMEOUT ?? '60000',
      },
    },
  ],
};
