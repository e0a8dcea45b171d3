import { describe, expect, it } from '@jest/globals';
import type { ReleaseReason, TagRelease } from '../../src/index.js';
import { codeOf, tableUnder } from './support/markdown.js';

const namesUnder = (heading: string): string[] =>
  tableUnder('docs/guides/tag-hooks.md', heading)
    .map(([name]) => codeOf(name!))
    .sort();

describe('docs/guides/tag-hooks.md', () => {
  it('has every member of what a hook is told, and every reason', () => {
    const members: Record<keyof TagRelease, true> = {
      queue: true,
      identifyTag: true,
      workerId: true,
      fencingToken: true,
      batchSize: true,
      reason: true,
    };
    const reasons: Record<ReleaseReason, true> = {
      empty: true,
      limit: true,
      retry: true,
      paused: true,
      shutdown: true,
      lost: true,
    };
    expect(namesUnder('What a hook is told')).toEqual(Object.keys(members).sort());
    expect(namesUnder('Why a batch ends')).toEqual(Object.keys(reasons).sort());
  });
});
