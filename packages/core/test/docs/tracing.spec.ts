import { expect, it } from '@jest/globals';
import { traceAttributes } from '../../src/observability/tracing/trace-attempts.js';
import { codeOf, tableUnder } from './support/markdown.js';

it('docs/guides/tracing.md has every attribute', () => {
  const stated = tableUnder('docs/guides/tracing.md', 'Tracing').map(([attribute]) => codeOf(attribute!));
  expect(stated).toEqual(Object.values(traceAttributes));
});
