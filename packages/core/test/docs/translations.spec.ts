import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readMarkdown, root, type MarkdownFile } from './support/markdown.js';

/** What has to be there in both languages; more may be. */
const required = ['options', 'api', 'events', 'errors'];

/** The English document that a Chinese one translates. */
function originalOf(name: string): string {
  const places = ['docs/reference', 'docs/guides'].map((folder) => `${folder}/${name}.md`);
  const [original, ...more] = places.filter((path) => existsSync(join(root, path)));
  if (original === undefined || more.length > 0) throw new Error(`docs/zh-CN/${name}.md has no one original`);
  return original;
}

const names = readdirSync(join(root, 'docs/zh-CN')).map((file) => file.replace(/\.md$/, ''));
const pairs = [
  ['README.zh-CN.md', 'README.md'],
  ...names.map((name) => [`docs/zh-CN/${name}.md`, originalOf(name)]),
] as [chinese: string, english: string][];

/** First cells of the rows whose first cell begins with code, down all tables. */
function firstCells(file: MarkdownFile): string[] {
  return file.prose
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/)[1]!.trim());
}

/** How many rows each table has, also where the first cell is words. */
function tableSizes(file: MarkdownFile): number[] {
  const blocks = file.prose.join('\n').split(/\n(?!\|)/);
  return blocks.map((block) => block.split('\n|').length - 1).filter((size) => size > 0);
}

/** The languages lead to each other. */
function linksTo(file: MarkdownFile, other: string): boolean {
  return file.prose.slice(0, 4).some((line) => line.includes(other.split('/').at(-1)!));
}

describe('the reference', () => {
  it('is there in both languages, with more than a hundred rows', () => {
    expect(names).toEqual(expect.arrayContaining(required));
    const rows = pairs.flatMap(([chinese]) => firstCells(readMarkdown(chinese)));
    expect(rows.length).toBeGreaterThan(150);
  });
});

describe.each(pairs)('%s is %s in Chinese', (chineseFile, englishFile) => {
  const chinese = readMarkdown(chineseFile);
  const english = readMarkdown(englishFile);

  it('has the same structure of headings', () => {
    const levels = (file: MarkdownFile) => file.headings.map(({ level }) => '#'.repeat(level));
    expect(levels(chinese)).toEqual(levels(english));
  });

  it('has the same blocks of code', () => {
    const codes = (file: MarkdownFile) => file.blocks.map(({ language, code }) => ({ language, code }));
    expect(codes(chinese)).toEqual(codes(english));
  });

  it('has the same tables, row by row', () => {
    expect(firstCells(chinese)).toEqual(firstCells(english));
    expect(tableSizes(chinese)).toEqual(tableSizes(english));
  });

  it('is in Chinese under every heading', () => {
    const text = chinese.prose.join('\n');
    const sections = text.split(/^#{1,6} .*$/m).slice(1);
    const untranslated = sections.filter(
      (section) => section.trim() !== '' && !/\p{Script=Han}/u.test(section),
    );
    expect(untranslated).toEqual([]);
  });

  it('leads to the other language, and is led to', () => {
    expect([linksTo(chinese, englishFile), linksTo(english, chineseFile)]).toEqual([true, true]);
  });
});
