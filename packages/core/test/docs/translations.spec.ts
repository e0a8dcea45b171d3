import { describe, expect, it } from '@jest/globals';
import { readMarkdown } from './support/markdown.js';

const english = readMarkdown('README.md');
const chinese = readMarkdown('README.zh-CN.md');

describe('README.zh-CN.md is README.md in Chinese', () => {
  it('has the same structure of headings', () => {
    const levels = (file: typeof english) => file.headings.map(({ level }) => '#'.repeat(level));
    expect(levels(chinese)).toEqual(levels(english));
  });

  it('has the same blocks of code', () => {
    const codes = (file: typeof english) => file.blocks.map(({ language, code }) => ({ language, code }));
    expect(codes(chinese)).toEqual(codes(english));
  });

  it('has the same tables, row by row', () => {
    const firstCells = (file: typeof english) =>
      file.prose.filter((line) => line.startsWith('| `')).map((line) => line.split(/(?<!\\)\|/)[1]!.trim());
    expect(firstCells(chinese)).toEqual(firstCells(english));
    expect(firstCells(english).length).toBeGreaterThan(100);
  });

  it('is in Chinese under every heading', () => {
    const text = chinese.prose.join('\n');
    const sections = text.split(/^#{1,6} .*$/m).slice(1);
    const untranslated = sections.filter(
      (section) => section.trim() !== '' && !/\p{Script=Han}/u.test(section),
    );
    expect(untranslated).toEqual([]);
  });
});
