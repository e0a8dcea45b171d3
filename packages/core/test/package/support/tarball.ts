import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';

export const core = fileURLToPath(new URL('../../../', import.meta.url));

export interface Tarball {
  readonly path: string;
  /** The folder that holds nothing else. */
  readonly folder: string;
  readonly packedBytes: number;
  readonly files: readonly string[];
}

/** The package as `npm publish` would send it, built from scratch. */
export async function pack(): Promise<Tarball> {
  const folder = await mkdtemp(join(tmpdir(), 'affinity-package-'));
  const printed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: core });
  const [packed] = JSON.parse(printed.slice(printed.indexOf('[\n'))) as [
    { filename: string; size: number; files: { path: string }[] },
  ];
  return {
    path: join(folder, packed.filename),
    folder,
    packedBytes: packed.size,
    files: packed.files.map(({ path }) => path),
  };
}
