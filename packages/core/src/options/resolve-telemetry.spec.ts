import { describe, expect, it } from '@jest/globals';
import { resolveFeatureOptions, resolveRootOptions } from './resolve-options.js';

const telemetry = {
  tracer: { startSpan: () => undefined },
  contextManager: { fromMetadata: () => undefined },
};
const resolve = (given: unknown) =>
  resolveRootOptions({ telemetry: given } as never, () => undefined).options;

describe('telemetry', () => {
  it('is passed on as it is, and inherited by features that have none of their own', () => {
    const root = resolve(telemetry);
    expect(root.telemetry).toBe(telemetry);
    expect(resolveFeatureOptions({ name: 'f' }, root).options.telemetry).toBe(telemetry);
    const own = { ...telemetry };
    const feature = { name: 'f', telemetry: own } as never;
    expect(resolveFeatureOptions(feature, root).options.telemetry).toBe(own);
    expect(resolve(undefined).telemetry).toBeUndefined();
  });

  it.each([1, 'otel', null, {}, { tracer: {} }, { tracer: telemetry.tracer }])('is not %j', (given) => {
    expect(() => resolve(given)).toThrow(/telemetry/);
  });
});
