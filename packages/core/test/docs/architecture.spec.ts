import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { markdownFiles, readMarkdown, root, tableUnder } from './support/markdown.js';

const scripts = readdirSync(join(root, 'packages/core/src/redis/scripts'))
  .map((file) => /^(\w+)-\d+\.lua$/.exec(file)?.[1])
  .filter((name) => name !== undefined)
  .sort();

describe('docs/reference/architecture.md', () => {
  it('names every script, once', () => {
    const named = tableUnder('docs/reference/architecture.md', 'Scripts').flatMap(([cell]) =>
      [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(named.sort()).toEqual(scripts);
  });

  it('names files that there are', () => {
    const sources = new Set(
      ['packages/core/src', 'packages/core/test', 'packages/example', 'tools']
        .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map(String))
        .map((path) => path.replaceAll('\\', '/')),
    );
    const exists = (path: string): boolean =>
      [...sources].some(
        (source) => source === path || source.endsWith(`/${path}`) || `src/${source}` === path,
      );
    const named = markdownFiles()
      .filter((file) => !file.includes('/test/'))
      .flatMap((file) =>
        [
          ...readMarkdown(file)
            .prose.join('\n')
            .matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|lua|mjs))`/g),
        ].map(([, path]) => ({ file, path: path! })),
      );
    expect(named.length).toBeGreaterThan(4);
    const core = (path: string): string =>
      path.replace(/^(packages\/core\/src|packages\/core\/test|tools)\//, '');
    expect(named.filter(({ path }) => !exists(core(path)))).toEqual([]);
  });
});
