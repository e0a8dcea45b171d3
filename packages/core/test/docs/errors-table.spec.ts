import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as library from '../../src/index.js';
import { ErrorCode } from '../../src/index.js';
import { codeOf, root, tableUnder } from './support/markdown.js';

/** Code of every error class, read where it is defined. */
function codesOfClasses(): Record<string, string> {
  const source = readFileSync(join(root, 'packages/core/src/errors/errors.ts'), 'utf8');
  const found = source.matchAll(/export class (\w+) extends AffinityQueueError[^]*?ErrorCode\.(\w+)/g);
  return Object.fromEntries(
    [...found].map(([, name, code]) => [name!, ErrorCode[code as keyof typeof ErrorCode]]),
  );
}

describe.each([
  ['docs/reference/errors.md', 'Errors'],
  ['docs/zh-CN/errors.md', '错误'],
])('the table of errors in %s', (file, heading) => {
  const rows = tableUnder(file, heading).map(([code, name]) => [codeOf(name!), codeOf(code!)] as const);

  it('has every code, once', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.values(ErrorCode).sort());
  });

  it('names the class of each, and the package exports it', () => {
    expect(Object.fromEntries(rows)).toEqual(codesOfClasses());
    const exported = new Set(Object.keys(library));
    expect(rows.filter(([name]) => !exported.has(name))).toEqual([]);
  });
});
