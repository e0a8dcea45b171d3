import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './run.mjs';

/**
 * The packages of the workspace, the library first because the others use what it builds.
 *
 * @returns {Promise<{ folder: string, path: string, scripts: Record<string, string>, has: (file: string) => boolean }[]>}
 */
export async function workspacePackages() {
  const folders = (await readdir(join(ROOT, 'packages'))).sort();
  const order = ['core', ...folders.filter((folder) => folder !== 'core')];
  const found = order.filter((folder) => existsSync(join(ROOT, 'packages', folder, 'package.json')));
  return Promise.all(
    found.map(async (folder) => {
      const path = join(ROOT, 'packages', folder);
      const { scripts = {} } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
      return { folder, path, scripts, has: (file) => existsSync(join(path, file)) };
    }),
  );
}
