import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.js';

export interface NodeVersion {
  readonly executable: string;
  remove(): Promise<void>;
}

/** Fetches a release of Node from the npm registry, where `node` publishes one package per platform. */
export async function fetchNode(major: number): Promise<NodeVersion> {
  const folder = await mkdtemp(join(tmpdir(), `affinity-node${major}-`));
  const name = `node-${process.platform}-${process.arch}`;
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`], {
    cwd: folder,
  });
  return {
    executable: join(folder, 'node_modules', name, 'bin', 'node'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
