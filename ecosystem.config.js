/**
 * One scheduler, and workers on all cores. Values come from the environment:
 *
 *   INSTANCES=4 REDIS_URL=redis://10.0.0.5:6379 pm2 start ecosystem.config.js
 */
const path = require('node:path');

const example = path.join(__dirname, 'packages', 'example');
const shutdownTimeout = process.env.SHUTDOWN_TIMEOUT ?? '30000';

const common = {
  script: 'dist/main.js',
  cwd: example,
  merge_logs: true,
  // An instance counts as started once it has sent 'ready', and may finish its running tasks before it is killed.
  wait_ready: true,
  listen_timeout: 20_000,
  kill_timeout: Number(shutdownTimeout) + 5_000,
};

const env = {
  NODE_ENV: process.env.NODE_ENV ?? 'production',
  SHUTDOWN_TIMEOUT: shutdownTimeout,
};

module.exports = {
  apps: [
    {
      ...common,
      name: 'app-scheduler',
      instances: 1,
      exec_mode: 'fork',
      // A port of its own: only the instances of one cluster can share one.
      env: { ...env, APP_ROLE: 'SCHEDULER', PORT: process.env.SCHEDULER_PORT ?? '3001' },
    },
    {
      ...common,
      name: 'app-workers',
      instances: process.env.INSTANCES ?? 'max', // all cores
      exec_mode: 'cluster',
      env: { ...env, APP_ROLE: 'WORKER', PORT: process.env.PORT ?? '3000' },
    },
  ],
};
