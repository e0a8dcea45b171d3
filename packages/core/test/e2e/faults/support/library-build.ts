import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const packageFolder = resolve(import.meta.dirname, '../../../..');
const sourceFolder = join(packageFolder, 'src');
// Inside node_modules: imports are resolved as they are for the package, and no tool looks there.
const buildsFolder = join(packageFolder, 'node_modules', '.cache', 'affinity-test-builds');
const unusedForMs = 3_600_000;

let build: Promise<string> | undefined;

/**
 * The library, compiled from the source as it is now, for processes of its own: `dist` may be older than the source. Made
 * once per state of the source.
 *
 * @returns path of its entry
 */
export function libraryEntry(): Promise<string> {
  build ??= provideBuild();
  return build;
}

/**
 * The same library, but for the version of its layout: what a release would be that changes the keys in Redis.
 *
 * @returns path of its entry
 */
export function libraryOfLayout(version: string): Promise<string> {
  return variant(`layout-${version}`, {
    'redis/queue-keys.js': [/(?<=^export const layoutVersion = ')\d+(?=';$)/m, version],
  });
}

/**
 * The same library, as a release of the same layout could have been to which less had been added: its scripts are others to
 * Redis, and its processes neither say who they are nor watch each other, so that the fields for that are missing.
 *
 * @returns path of its entry
 */
export function libraryWithLess(): Promise<string> {
  return variant('with-less', {
    'redis/generated/lua-sources.js': [/(?<= lua: `)/g, '-- of another release\n'],
    'neighbours/own-process.js': [/(?<=^export function ownProcess\(.*\) \{$)/m, '\n    return undefined;'],
  });
}

type Replacement = readonly [what: RegExp, by: string];

async function variant(name: string, changes: Readonly<Record<string, Replacement>>): Promise<string> {
  const original = dirname(await libraryEntry());
  const folder = `${original}-${name}`;
  if (!existsSync(folder)) {
    const draft = await mkdtemp(join(buildsFolder, 'draft-'));
    await cp(original, draft, { recursive: true });
    for (const [path, [what, by]] of Object.entries(changes)) {
      const file = join(draft, path);
      const text = await readFile(file, 'utf8');
      const changed = text.replace(what, by);
      if (changed === text) throw new Error(`${file} has nothing like ${what.source} to replace`);
      await writeFile(file, changed);
    }
    await moveTo(folder, draft);
  }
  return join(folder, 'index.js');
}

async function provideBuild(): Promise<string> {
  const folder = join(buildsFolder, await sourceHash());
  if (!existsSync(folder)) {
    await removeUnused();
    await compile(folder);
  }
  return join(folder, 'index.js');
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha1');
  const files = (await readdir(sourceFolder, { recursive: true }))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  for (const file of [
    ...files.map((name) => join(sourceFolder, name)),
    join(packageFolder, 'tsconfig.esm.json'),
  ]) {
    hash.update(file.slice(packageFolder.length)).update(await readFile(file));
  }
  return hash.digest('hex');
}

/** Other test files may be doing the same: whoever is first provides it. */
async function compile(folder: string): Promise<void> {
  await mkdir(buildsFolder, { recursive: true });
  const draft = await mkdtemp(join(buildsFolder, 'draft-'));
  const tsc = join(packageFolder, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--noCheck', '--declaration', 'false', '--sourceMap', 'false', '--outDir', draft];
  const compiler = spawn(process.execPath, [tsc, '-p', 'tsconfig.esm.json', ...options], {
    cwd: packageFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [code] = (await once(compiler, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The library did not compile: tsc ended with ${code}`);
  await writeFile(join(draft, 'package.json'), '{"type":"module"}');
  await moveTo(folder, draft);
}

async function moveTo(folder: string, draft: string): Promise<void> {
  try {
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

async function removeUnused(): Promise<void> {
  const names = existsSync(buildsFolder) ? await readdir(buildsFolder) : [];
  for (const name of names) {
    const folder = join(buildsFolder, name);
    const { mtimeMs } = await stat(folder);
    if (Date.now() - mtimeMs > unusedForMs) await rm(folder, { recursive: true, force: true });
  }
}
