import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const folder = resolve(import.meta.dirname, '../../../src/redis/scripts');
const files = readdirSync(folder).filter((name) => name.endsWith('.lua'));
const specs = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.spec.ts'))
  .concat('support/harness.ts')
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

/** Every index in `KEYS[4..10]`, `ARGV[4]`; an open range, `ARGV[5..]`, goes on without end. */
function documented(header: string, name: 'KEYS' | 'ARGV'): (index: number) => boolean {
  const ranges = [...header.matchAll(new RegExp(`${name}\\[(\\d+)(?:\\.\\.(\\d*))?\\]`, 'g'))].map(
    ([whole, from, to]) => {
      const end = whole.includes('..') ? Number(to) || Infinity : Number(from);
      return [Number(from), end] as const;
    },
  );
  return (index) => ranges.some(([from, to]) => from <= index && index <= to);
}

describe.each(files)('%s', (file) => {
  const [, name = '', numberOfKeys] = /^(\w+)-(\d+)\.lua$/.exec(file) ?? [];
  const text = readFileSync(join(folder, file), 'utf8');
  const header = /^--\[\[([\s\S]*?)\]\]/.exec(text)?.[1] ?? '';
  const body = text.slice(header.length);

  it('says at its top what it does, what it gets and what it returns', () => {
    expect(header).toMatch(
      /^\n {2}[A-Z][\s\S]*\n\n {2}KEYS\[1\.\.3\], ARGV\[1\.\.3\] {2}see includes\/layout\.lua; ARGV\[3\] is /,
    );
    expect(header).toMatch(/\n {2}Returns\s+\S/);
  });

  it('documents as many keys as its name says', () => {
    const isDocumented = documented(header, 'KEYS');
    const keys = Array.from({ length: 40 }, (_, i) => i + 1).filter(isDocumented);
    expect(keys).toEqual(Array.from({ length: Number(numberOfKeys) }, (_, i) => i + 1));
  });

  it.each(['KEYS', 'ARGV'] as const)('documents every index of %s that it uses', (what) => {
    const used = [...body.matchAll(new RegExp(`${what}\\[(\\d+)\\]`, 'g'))].map(([, index]) => Number(index));
    expect(used.filter((index) => !documented(header, what)(index))).toEqual([]);
  });

  it('names every code that it returns', () => {
    const codes = [...body.matchAll(/return ([A-Z]+_[A-Z]+)\b/g)].map(([, code]) => code);
    expect(codes.filter((code) => !header.includes(code ?? ''))).toEqual([]);
  });

  it('is run by a test', () => {
    expect(specs).toMatch(new RegExp(`'${name}'|"${name}"|\\b${name}:`));
  });
});
