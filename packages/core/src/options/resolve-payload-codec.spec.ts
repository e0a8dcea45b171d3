import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../errors/errors.js';
import { resolveFeatureOptions, resolveRootOptions } from './resolve-options.js';

const codec = { encode: (json: string) => json, decode: (text: string) => text, key: 'secret-marker' };
const noEnv = (): undefined => undefined;
const resolve = (payloadCodec: unknown) =>
  resolveRootOptions({ queueOptions: { payloadCodec: payloadCodec as typeof codec } }, noEnv).options;

describe('queueOptions.payloadCodec', () => {
  it('is the one given; a feature has that of the root queue, unless it has its own', () => {
    const root = resolve(codec);
    expect(root.payloadCodec).toBe(codec);
    expect(resolveFeatureOptions({ name: 'f' }, root, noEnv).options.payloadCodec).toBe(codec);
    const own = { ...codec };
    const queueOptions = { payloadCodec: own };
    expect(resolveFeatureOptions({ name: 'f', queueOptions }, root, noEnv).options.payloadCodec).toBe(own);
    expect(resolve(undefined).payloadCodec).toBeUndefined();
  });

  it.each([[null], ['secret-marker'], [{ encode: () => 'secret-marker' }], [() => codec]])(
    '%p is none, and is not shown',
    (given) => {
      expect(() => resolve(given)).toThrow(InvalidOptionsError);
      expect(() => resolve(given)).toThrow(
        /queueOptions\.payloadCodec: got .*the functions encode and decode/,
      );
      expect(() => resolve(given)).not.toThrow(/secret-marker/);
    },
  );
});
