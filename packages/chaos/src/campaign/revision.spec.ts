import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { revision } from './revision.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'affinity-revision-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function git(...words: string[]): string {
  const who = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.com'];
  return execFileSync('git', [...who, ...words], { cwd: folder, encoding: 'utf8' }).trim();
}

it('is the commit of the code, and says whether the code has changed since', () => {
  git('init', '--quiet');
  writeFileSync(join(folder, 'code.ts'), '1');
  mkdirSync(join(folder, 'docs'));
  writeFileSync(join(folder, 'docs', 'reliability.md'), '1');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
  const commit = git('rev-parse', '--short', 'HEAD');
  expect(revision(folder)).toBe(commit);
  // As the campaign does.
  writeFileSync(join(folder, 'docs', 'reliability.md'), '2');
  expect(revision(folder)).toBe(commit);
  writeFileSync(join(folder, 'code.ts'), '2');
  expect(revision(folder)).toBe(`${commit}+`);
});

it('is nothing where there is no git', () => {
  expect(revision(folder)).toBeUndefined();
});
