import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { invariants } from '../../src/history/index.js';
import { root, tableUnder } from './support/markdown.js';

const source = (path: string): string => readFileSync(join(root, 'packages/core/src/history', path), 'utf8');

/** Names of the members of an interface, as the source writes them. */
function membersOf(path: string, name: string): string[] {
  const [, body = ''] = source(path).split(`export interface ${name} {`);
  const [members = ''] = body.split(/^}/m);
  return [...members.matchAll(/^ {2}'?([\w.]+)'?: /gm)].map(([, member]) => member!).sort();
}

const named = (heading: string): string[] =>
  tableUnder('docs/guides/history.md', heading)
    .flatMap(([cell = '']) => [...cell.matchAll(/`([\w.]+)`/g)].map(([, name]) => name!))
    .sort();

describe('docs/guides/history.md', () => {
  it('names every type of record', () => {
    expect(named('The format')).toEqual(membersOf('records.ts', 'RecordFields'));
    expect(named('The format').length).toBeGreaterThan(20);
  });

  it('names every entry of the witness', () => {
    expect(named('The witness')).toEqual(membersOf('witness.ts', 'WitnessFields'));
  });

  it('says of every invariant how it is checked', () => {
    const rows = tableUnder('docs/guides/history.md', 'What is checked').map(
      ([cell = '']) => cell.split(' ')[0],
    );
    expect(rows).toEqual([...invariants]);
  });
});
