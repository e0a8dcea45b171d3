/**
 * Follows every link of the built site within it, to the page and to the heading. VitePress looks at the documents before they
 * get their places, and at no headings.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ORIGIN = 'http://site';

/**
 * @param {string} folder the built site
 * @returns {Promise<number>} how many links there are
 * @throws with a list of those that lead nowhere
 */
export async function checkLinks(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.html'));
  const pages = new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')])),
  );
  const dead = new Set();
  let count = 0;
  for (const [file, html] of pages) {
    for (const [, href] of html.matchAll(/\bhref="([^"]+)"/g)) {
      const url = new URL(href.replaceAll('&amp;', '&'), `${ORIGIN}/${file}`);
      if (url.origin !== ORIGIN) continue;
      count += 1;
      if (!leadsSomewhere(url)) dead.add(`${file}: ${href}`);
    }
  }
  if (dead.size > 0) throw new Error(`Links that lead nowhere:\n${[...dead].join('\n')}`);
  return count;

  function leadsSomewhere({ pathname, hash }) {
    const path = decodeURIComponent(pathname).replace(/^\//, '');
    const html = [path, `${path}.html`, join(path, 'index.html')]
      .map((name) => pages.get(name))
      .find(Boolean);
    if (html === undefined) return path !== '' && existsSync(join(folder, path)) && !path.endsWith('/');
    return hash === '' || html.includes(`id="${decodeURIComponent(hash.slice(1))}"`);
  }
}
