import { describe, expect, it } from '@jest/globals';
import { fileNameOf } from './file-names.js';

describe('fileNameOf', () => {
  it('keeps plain names', () => {
    expect(fileNameOf('company-123')).toBe('company-123');
    expect(fileNameOf('公司')).toBe('公司');
  });

  it.each(['..', '.', '../../etc/passwd', 'a/b', 'a\\b', 'C:', 'a b', '', '\0', '🏢', 'x'.repeat(5_000)])(
    'makes %j safe',
    (text) => {
      const name = fileNameOf(text);
      expect(name).toMatch(/^[\p{L}\p{N}_-]+$/u);
      expect(Buffer.byteLength(name)).toBeLessThan(200);
    },
  );

  it('keeps different texts apart', () => {
    const texts = ['a/b', 'a_b', 'a\\b', 'a:b', 'x'.repeat(500), 'x'.repeat(501)];
    expect(new Set(texts.map(fileNameOf)).size).toBe(texts.length);
  });
});
