import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root, tableUnder } from './support/markdown.js';
import { testTitles } from './support/test-titles.js';

const headings = ['Redis, its clients and BullMQ', 'Schedulers of tags', 'Other queues'];

/** A spec and the titles after its link, up to the next link. */
interface Held {
  readonly file: string;
  readonly titles: readonly string[];
}

/** The tests in a cell such as "[a.spec.ts](../a.spec.ts): `a title`, `another`". */
function testsIn(cell: string): Held[] {
  return [...cell.matchAll(/\]\(\.\.\/(packages\/[^)]+\.spec\.ts)\)([^[]*)/g)].map(([, file, rest]) => ({
    file: file!,
    titles: [...rest!.matchAll(/`([^`]+)`/g)].map(([, title]) => title!),
  }));
}

/** What a cell names and is not there; a spec without a title is a fault too. */
function missingIn(cell: string): string[] {
  return testsIn(cell).flatMap(({ file, titles }) => {
    if (titles.length === 0) return [`${file}: no title`];
    if (!existsSync(join(root, file))) return [file];
    const known = testTitles(file);
    return titles.filter((title) => !known.has(title)).map((title) => `${file}: ${title}`);
  });
}

const spec = '../packages/core/test/docs/hazards.spec.ts';

describe('what has broken others, in docs/reliability.md', () => {
  it.each(headings)('has only tests that there are: %s', (heading) => {
    const rows = tableUnder('docs/reliability.md', heading);
    expect(rows.flatMap(([, , cell = '']) => missingIn(cell))).toEqual([]);
  });

  it.each(headings)(
    'is held by a test, or says that it lies outside of the process, and where to read on: %s',
    (heading) => {
      const isHeld = (cell: string): boolean =>
        testsIn(cell).length > 0 || /^Outside of the process: .*\]\(guides\//.test(cell);
      const rows = tableUnder('docs/reliability.md', heading);
      expect(rows.length).toBeGreaterThan(7);
      expect(rows.filter((row) => row.length !== 3 || !isHeld(row[2]!))).toEqual([]);
    },
  );

  it('would show a test that is not there', () => {
    expect(missingIn(`[here](${spec}): \`would show a test that is not there\``)).toEqual([]);
    expect(missingIn(`[here](${spec}): \`is no test\``)).toHaveLength(1);
    expect(missingIn(`[here](${spec})`)).toHaveLength(1);
    expect(missingIn('[nowhere](../packages/core/test/docs/nowhere.spec.ts): `a`')).toHaveLength(1);
  });
});
