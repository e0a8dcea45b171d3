import { findOnPath } from './path.mjs';
import { run } from './run.mjs';

const IMAGE = 'redis:7-alpine';
const REDIS_PORT = 6379;

/** @returns {Promise<import('./index.mjs').AcquiredRedis | undefined>} undefined where no Docker daemon answers */
export async function dockerRedis({ args, port, log }) {
  if (!(await findOnPath(['docker']))) return undefined;
  // The client alone proves nothing: `docker info` fails without a daemon.
  await run('docker', ['info']);

  log(`Starting ${IMAGE} in Docker`);
  const { GenericContainer } = await import('testcontainers');
  const container = await new GenericContainer(IMAGE)
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no', '--databases', '512', ...args])
    .withExposedPorts(port === undefined ? REDIS_PORT : { container: REDIS_PORT, host: port })
    .start();
  let stopped;
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(REDIS_PORT)}`,
    source: `Docker image ${IMAGE}`,
    pid: undefined,
    stop: () => (stopped ??= container.stop().then(() => undefined)),
  };
}
