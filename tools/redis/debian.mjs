/**
 * Debian and Ubuntu: the server from the distribution's packages, unpacked into a cache folder. Needs no root, installs
 * no package, starts no service.
 */
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath } from './path.mjs';
import { run } from './run.mjs';

const DEFAULT_CACHE = fileURLToPath(new URL('../../node_modules/.cache/redis', import.meta.url));

/** The program sits in the tools package; the server package links to it under the name that makes it a server. */
const FLAVOURS = [
  { server: 'redis-server', tools: 'redis-tools' },
  { server: 'valkey-server', tools: 'valkey-tools' },
];

/**
 * @param {{ log: (line: string) => void, cache?: string }} options
 * @returns {Promise<import('./path.mjs').RedisBinary | undefined>} undefined where there is no apt
 */
export async function debianRedis({ log, cache = DEFAULT_CACHE }) {
  if (!(await findOnPath(['apt-get'])) || !(await findOnPath(['dpkg-deb']))) return undefined;
  const folder = join(cache, await releaseName());
  const cached = await unpackedBinary(folder);
  if (cached) return cached;

  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    log('No redis-server on PATH: fetching the Debian packages into a cache folder');
    await fetchPackages(work);
    const root = join(work, 'root');
    for (const file of await packageFiles(work)) await run('dpkg-deb', ['-x', file, root]);
    const binary = await unpackedBinary(root);
    if (!binary) throw new Error('the Debian packages hold no server program');
    await run(binary.file, ['--version'], { env: { ...process.env, ...binary.env } });
    await publish(root, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return unpackedBinary(folder);
}

/**
 * As root only, when unpacking failed: the tools package brings the server's program but, unlike the server package,
 * no service.
 *
 * @returns {Promise<import('./path.mjs').RedisBinary | undefined>}
 */
export async function installRedisTools({ log }) {
  if (process.getuid?.() !== 0 || !(await findOnPath(['apt-get']))) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  log('Installing the Debian package redis-tools');
  await run('apt-get', ['update'], { env });
  await run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-tools'], { env });
  const found = await findOnPath(['redis-check-rdb']);
  return found && { ...found, argv0: 'redis-server' };
}

/** First with the package lists of the system; when they are missing or stale, with lists of our own. */
async function fetchPackages(work) {
  const failures = [];
  for (const ownLists of [false, true]) {
    const apt = await aptOptions(work, ownLists);
    try {
      if (ownLists) await run('apt-get', [...apt, 'update']);
      return await downloadAnyFlavour(apt, work);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, failures.at(-1).message);
}

async function aptOptions(work, ownLists) {
  const options = ['APT::Sandbox::User=root'];
  if (ownLists) {
    const state = join(work, 'state');
    const cache = join(work, 'apt-cache');
    await mkdir(join(state, 'lists', 'partial'), { recursive: true });
    await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
    options.push(`Dir::State=${state}`, 'Dir::State::status=/var/lib/dpkg/status', `Dir::Cache=${cache}`);
  }
  return options.flatMap((option) => ['-o', option]);
}

async function downloadAnyFlavour(apt, work) {
  const failures = [];
  for (const { server, tools } of FLAVOURS) {
    try {
      const libraries = await missingPackages(apt, tools);
      await run('apt-get', [...apt, 'download', server, tools, ...libraries], { cwd: work });
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** What a simulated install would add. Upgrades are left out: mixing two versions of libc does not run. */
async function missingPackages(apt, name) {
  const plan = await run('apt-get', [...apt, 'install', '--simulate', '--no-install-recommends', name]);
  const added = [...plan.matchAll(/^Inst (\S+) \(/gm)].map((match) => match[1]);
  return added.filter((added) => added !== name);
}

async function packageFiles(folder) {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.deb')).map((name) => join(folder, name));
}

async function unpackedBinary(root) {
  const files = await readdir(root, { recursive: true }).catch(missingIsEmpty);
  const names = new Set(FLAVOURS.map((flavour) => flavour.server));
  const program = files.find((file) => dirname(file) === join('usr', 'bin') && names.has(basename(file)));
  if (!program) return undefined;
  const libraries = new Set(
    files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => join(root, dirname(file))),
  );
  const path = [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { file: join(root, program), source: 'Debian packages', env: { LD_LIBRARY_PATH: path } };
}

/** Runs that fetch at the same time may both arrive here: the first one wins. */
async function publish(root, folder) {
  try {
    await rename(root, folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

async function releaseName() {
  const text = await readFile('/etc/os-release', 'utf8').catch(missingIsEmpty);
  const field = (name) => new RegExp(`^${name}="?([\\w.-]+)"?$`, 'm').exec(String(text))?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

function missingIsEmpty(error) {
  if (error.code === 'ENOENT') return [];
  throw error;
}
