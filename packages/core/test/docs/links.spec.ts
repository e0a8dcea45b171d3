import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { markdownFiles, readMarkdown, root } from './support/markdown.js';

/** What GitHub makes of a heading, for links to it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(file: string): string[] {
  return readMarkdown(file).headings.map(({ text }) => anchorOf(text));
}

function linksOf(file: string): string[] {
  const text = readMarkdown(file)
    .prose.join('\n')
    .replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)|<img\b[^>]* src="([^"]+)"/g)].map(
    ([, link, source]) => (link ?? source)!,
  );
}

const files = markdownFiles();

describe('the links of our Markdown files', () => {
  it('are found', () => {
    expect(files).toContain('README.md');
    expect(linksOf('README.md').length).toBeGreaterThan(15);
  });

  it.each(files)('%s leads to files and headings that there are', (file) => {
    const broken = linksOf(file).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = '', anchor] = decodeURI(link).split('#');
      const target = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});
