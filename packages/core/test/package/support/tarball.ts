import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';

export const core = fileURLToPath(new URL('../../../', import.meta.url));

export interface Tarball {
  readonly path: string;
  /** The folder that holds it and what is in it, and nothing else. */
  readonly folder: string;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly files: readonly string[];
  /** The text of one of its files. */
  read(file: string): Promise<string>;
}

/** The package as `npm publish` would send it, built from scratch. */
export async function pack(): Promise<Tarball> {
  const folder = await mkdtemp(join(tmpdir(), 'affinity-package-'));
  const printed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: core });
  const [packed] = JSON.parse(printed.slice(printed.indexOf('[\n'))) as [
    { filename: string; size: number; unpackedSize: number; files: { path: string }[] },
  ];
  const path = join(folder, packed.filename);
  await run('tar', ['-xzf', path, '-C', folder], { cwd: folder });
  return {
    path,
    folder,
    packedBytes: packed.size,
    unpackedBytes: packed.unpackedSize,
    read: (file) => readFile(join(folder, 'package', file), 'utf8'),
    files: packed.files.map(({ path }) => path),
  };
}
