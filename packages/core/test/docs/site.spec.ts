import { readFileSync, readdirSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readMarkdown, root } from './support/markdown.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The ways of importing the library, and the source behind each. */
function subPaths(): [path: string, source: string][] {
  const { name, exports } = JSON.parse(read('packages/core/package.json')) as {
    name: string;
    exports: Record<string, { import?: { default: string } }>;
  };
  return Object.entries(exports).flatMap(([path, { import: target }]) => {
    if (target === undefined) return [];
    const source = target.default.replace(/^\.\/dist\/esm\/(.*)\.js$/, 'packages/core/src/$1.ts');
    return [[path.replace('.', name), source]];
  });
}

describe('the reference of the API', () => {
  const { entryPoints } = JSON.parse(read('tools/site/typedoc.json')) as { entryPoints: string[] };

  it('has everything that can be imported', () => {
    const sources = subPaths().map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(5);
    expect(entryPoints.map((path) => normalize(join('tools/site', path))).sort()).toEqual(sources.sort());
  });

  it.each(subPaths())('calls %s as it is imported', (path, source) => {
    expect(/@module (\S+)/.exec(read(source))?.[1]).toBe(path);
  });
});

describe('the index of the documents', () => {
  it('leads to every guide, every page of the reference and every recipe, once at the head of an entry', () => {
    const entries = readMarkdown('docs/README.md').prose.flatMap((line) => {
      const [, target] = /^(?:-|\d+\.) \[[^\]]+\]\(([^)]+)\)/.exec(line) ?? [];
      return target === undefined ? [] : [target];
    });
    const documents = ['guides', 'reference', 'recipes'].flatMap((folder) =>
      readdirSync(join(root, 'docs', folder)).map((file) => `${folder}/${file}`),
    );
    expect(documents.length).toBeGreaterThan(30);
    expect(documents.filter((path) => !entries.includes(path))).toEqual([]);
    expect(entries.filter((path, at) => entries.indexOf(path) !== at)).toEqual([]);
  });
});
