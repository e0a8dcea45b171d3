/**
 * The package carries the documents of the repository, in the same places, so that they can be read where it is installed.
 * `copy` before it is packed, `remove` afterwards: here they are kept once, at the root.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';

const DOCUMENTS = [
  'README.md',
  'README.zh-CN.md',
  'ELECTION.md',
  'RECOVERY.md',
  'PERFORMANCE.md',
  'CHANGELOG.md',
  'docs',
];
const here = import.meta.dirname;
const root = join(here, '..', '..');

for (const name of DOCUMENTS) {
  await rm(join(here, name), { recursive: true, force: true });
  if (process.argv[2] === 'copy') {
    await cp(join(root, name), join(here, name), {
      recursive: true,
      filter: (path) => !path.includes(join('docs', 'images')),
    });
  }
}
