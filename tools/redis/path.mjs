import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * @typedef {object} RedisBinary
 * @property {string} file
 * @property {string} source
 * @property {string} [argv0] name to run it under, when the file has another one
 * @property {Record<string, string>} [env] added to the environment
 */

/** @param {string[]} names @returns {Promise<RedisBinary | undefined>} the first of the programs found on PATH */
export async function findOnPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, name);
      if (await isExecutable(file)) return { file, source: file };
    }
  }
  return undefined;
}

async function isExecutable(file) {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
