/**
 * A Redis for tests, demo and benchmark.
 *
 * Order: REDIS_URL (only with `preferUrl`) → redis-server or valkey-server on PATH → Debian packages unpacked into
 * a cache folder (no root needed, installs nothing) → as root `apt-get install redis-tools` (the server's binary,
 * no service) → Docker through testcontainers → one error that says what to install.
 * A server that is already running is never touched: an own one is started on a free port and dies with its parent.
 */
import { findOnPath } from './path.mjs';
import { debianRedis, installRedisTools } from './debian.mjs';
import { dockerRedis } from './docker.mjs';
import { assertReachable } from './reachable.mjs';
import { startServer } from './server.mjs';

const SERVER_NAMES = ['redis-server', 'valkey-server'];

const ADVICE = `Install one of these and run the command again:
  Debian, Ubuntu:  sudo apt-get install redis-server
  Fedora:          sudo dnf install valkey
  macOS:           brew install redis
  Docker:          start the Docker daemon; a container is then used by itself`;

/**
 * @typedef {object} AcquiredRedis
 * @property {string} url redis:// URL
 * @property {string} source where it came from, for messages
 * @property {number | undefined} pid process id of an own server
 * @property {() => Promise<void>} stop stops an own server and removes its folder; does nothing for REDIS_URL
 */

/**
 * @param {{ preferUrl?: boolean, args?: string[], port?: number, dir?: string, config?: string, env?: Record<string, string>,
 *   log?: (line: string) => void }} [options]
 *   `preferUrl` uses REDIS_URL when it is set; `args` are added to the server's command line (`['--maxmemory', '10mb']`);
 *   `port` asks for that port instead of a free one; `dir` is a data folder that outlives the server;
 *   `config` is a configuration file, which a Sentinel needs (`args: ['--sentinel']`); `env` is added to the environment
 *   of an own server (not of one in Docker).
 * @returns {Promise<AcquiredRedis>}
 */
export async function acquireRedis({
  preferUrl = false,
  args = [],
  port,
  dir,
  config,
  env = {},
  log = () => {},
} = {}) {
  const given = process.env.REDIS_URL;
  if (preferUrl && given) {
    await assertReachable(given);
    return { url: given, source: 'REDIS_URL', pid: undefined, stop: async () => {} };
  }

  const failures = [];
  for (const find of [findOnPath.bind(null, SERVER_NAMES), debianRedis, installRedisTools]) {
    const binary = await attempt(() => find({ log }), failures);
    if (binary)
      return startServer({ binary: { ...binary, env: { ...binary.env, ...env } }, args, port, dir, config });
  }
  if (config === undefined) {
    const container = await attempt(() => dockerRedis({ args, port, log }), failures);
    if (container) return container;
  }

  const tried = failures.map((failure) => `  - ${failure.message}`).join('\n');
  throw new Error(
    `No Redis server could be found or fetched.\n${ADVICE}${tried ? `\nTried:\n${tried}` : ''}`,
  );
}

/** A way that fails is a reason for the final message, not the end: the next way is tried. */
async function attempt(way, failures) {
  try {
    return await way();
  } catch (error) {
    failures.push(error);
    return undefined;
  }
}
