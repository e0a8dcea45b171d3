import { describe, expect, it } from '@jest/globals';
import { explanationsEn } from '../../src/observability/messages/explanations/explanations.en.js';
import { codeOf, tableUnder } from './support/markdown.js';

describe('docs/guides/explain.md', () => {
  it('has every reason, once', () => {
    const reasons = tableUnder('docs/guides/explain.md', 'All reasons').map(([reason]) => codeOf(reason!));
    expect(reasons.sort()).toEqual(Object.keys(explanationsEn).sort());
  });
});
