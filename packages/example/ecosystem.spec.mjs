import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..', '..');
const VARIABLES = [
  ...['INSTANCES', 'PORT', 'SCHEDULER_PORT', 'NODE_ENV', 'SHUTDOWN_TIMEOUT'],
  ...['ELECTION_LOCK_TTL', 'HEARTBEAT_INTERVAL', 'HEARTBEAT_TIMEOUT'],
];

function load(path) {
  jest.resetModules();
  return require(path).apps;
}

let before;
beforeEach(() => {
  before = { ...process.env };
  for (const name of VARIABLES) delete process.env[name];
});
afterEach(() => {
  process.env = before;
});

describe('ecosystem-election.config.js', () => {
  it('runs all instances as BOTH with the documented defaults', () => {
    const [app, ...others] = load(join(root, 'ecosystem-election.config.js'));
    expect(others).toEqual([]);
    expect(app).toMatchObject({
      name: 'affinity-queue-election',
      script: 'dist/main.js',
      instances: 'max',
      exec_mode: 'cluster',
      wait_ready: true,
      env: {
        APP_ROLE: 'BOTH',
        ELECTION_LOCK_TTL: '30000',
        HEARTBEAT_INTERVAL: '10000',
        HEARTBEAT_TIMEOUT: '60000',
      },
    });
    expect(existsSync(join(app.cwd, 'package.json'))).toBe(true);
  });

  it('takes values from the environment', () => {
    Object.assign(process.env, { INSTANCES: '3', ELECTION_LOCK_TTL: '3000', SHUTDOWN_TIMEOUT: '90000' });
    const [app] = load(join(root, 'ecosystem-election.config.js'));
    expect(app).toMatchObject({ instances: '3', env: { ELECTION_LOCK_TTL: '3000' } });
    expect(app.kill_timeout).toBeGreaterThan(90_000);
  });

  it('is the same inside the example', () => {
    expect(load(join(import.meta.dirname, 'ecosystem-election.config.cjs'))).toEqual(
      load(join(root, 'ecosystem-election.config.js')),
    );
  });
});

describe('ecosystem.config.js', () => {
  it('runs one scheduler in fork mode and workers in cluster mode, on ports of their own', () => {
    const [scheduler, workers] = load(join(root, 'ecosystem.config.js'));
    expect(scheduler).toMatchObject({
      name: 'app-scheduler',
      instances: 1,
      exec_mode: 'fork',
      env: { APP_ROLE: 'SCHEDULER' },
    });
    expect(workers).toMatchObject({
      name: 'app-workers',
      instances: 'max',
      exec_mode: 'cluster',
      env: { APP_ROLE: 'WORKER' },
    });
    expect(scheduler.env.PORT).not.toBe(workers.env.PORT);
  });

  it.each([0, 1])('gives a graceful stop the time it may take (app %i)', (index) => {
    const app = load(join(root, 'ecosystem.config.js'))[index];
    expect(app.kill_timeout).toBeGreaterThan(Number(app.env.SHUTDOWN_TIMEOUT));
  });
});
