/**
 * The package carries the documents of the repository, in the same places, so that they can be read where it is installed.
 * `copy` before it is packed, `remove` afterwards: here they are kept once, at the root. A link to what the package does not
 * carry, such as the example application, becomes words, and a picture is left out.
 */
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DOCUMENTS = [
  'README.md',
  'README.zh-CN.md',
  'ELECTION.md',
  'RECOVERY.md',
  'PERFORMANCE.md',
  'CHANGELOG.md',
  'docs',
];
/** In the package, and no document. */
const LICENCE = 'LICENSE';
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
if (process.argv[2] === 'copy') await Promise.all((await copiedMarkdown()).map(keepOnlyLinksWithin));

/** Paths of the copies, from the package. */
async function copiedMarkdown() {
  const below = (await readdir(join(here, 'docs'), { recursive: true })).map((path) => join('docs', path));
  return [...DOCUMENTS, ...below].filter((path) => path.endsWith('.md'));
}

async function keepOnlyLinksWithin(file) {
  const text = await readFile(join(here, file), 'utf8');
  const kept = text
    // A fenced block, or a code span, is no place for links.
    .split(/(^```[^]*?^```$|`[^`\n]*`(?!\]))/m)
    .map((part) => (part.startsWith('`') ? part : withoutLinksOutside(part, file)))
    .join('')
    .replace(/^<img [^>]*>$/gm, '')
    .replace(/\n{3,}/g, '\n\n');
  if (kept !== text) await writeFile(join(here, file), kept);
}

function withoutLinksOutside(text, file) {
  return text.replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, picture, words, target) => {
    if (/^([a-z]+:|#)/.test(target)) return link;
    const path = join(dirname(file), target.split('#')[0]);
    const isPacked =
      DOCUMENTS.some((name) => path === name || path.startsWith(`${name}/`)) || path === LICENCE;
    if (isPacked && (path === LICENCE || existsSync(join(here, path)))) return link;
    return picture === '' ? words : '';
  });
}
