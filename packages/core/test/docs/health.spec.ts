import { describe, expect, it } from '@jest/globals';
import { healthDefaults } from '../../src/health/queue-health-options.js';
import { checkOf } from '../../src/health/queue-health.js';
import { codeOf, tableUnder } from './support/markdown.js';

describe('docs/guides/health.md', () => {
  it('has every problem, with the check that finds it', () => {
    const rows = tableUnder('docs/guides/health.md', 'What it says').map(([first, second]) => [
      codeOf(first!),
      codeOf(second ?? ''),
    ]);
    const problems = rows.filter(([name]) => Object.hasOwn(checkOf, name ?? ''));
    expect(Object.fromEntries(problems)).toEqual(checkOf);
  });

  it('has the defaults of the options', () => {
    const rows = tableUnder('docs/guides/health.md', 'Options of QueueHealthModule.register');
    expect(Object.fromEntries(rows.map(([option, value]) => [codeOf(option!), value]))).toEqual({
      timeout: String(healthDefaults.timeoutMs),
      takeoverGrace: String(healthDefaults.takeoverGraceMs),
      maxTagWait: String(healthDefaults.maxTagWaitMs),
      checks: 'all',
    });
  });
});
