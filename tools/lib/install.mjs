import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspacePackages } from './packages.mjs';
import { ROOT, runCommand } from './run.mjs';

const PNPM = 'pnpm@12.21.0';
const STAMP = join(ROOT, 'node_modules', '.cache', 'install-stamp');

/** Installs exactly what the lock file says; returns at once when that was done before. */
export async function install() {
  const fingerprint = await manifestFingerprint();
  if (existsSync(join(ROOT, 'node_modules', '.modules.yaml')) && (await readStamp()) === fingerprint) {
    console.log('up to date');
    return;
  }
  // CI=true keeps pnpm from asking questions.
  await runCommand('npx', ['--yes', PNPM, 'install', '--frozen-lockfile'], { env: { CI: 'true' } });
  await mkdir(join(STAMP, '..'), { recursive: true });
  await writeFile(STAMP, fingerprint);
}

async function manifestFingerprint() {
  const packages = await workspacePackages();
  const manifests = [join(ROOT, 'package.json'), ...packages.map(({ path }) => join(path, 'package.json'))];
  const hash = createHash('sha256').update(`${PNPM} ${process.version} ${ROOT}`);
  for (const file of [join(ROOT, 'pnpm-lock.yaml'), join(ROOT, 'pnpm-workspace.yaml'), ...manifests]) {
    hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

async function readStamp() {
  return existsSync(STAMP) ? readFile(STAMP, 'utf8') : undefined;
}
