import { describe, expect, it } from '@jest/globals';
import { readSettings } from './settings.js';

describe('readSettings', () => {
  it('has defaults for everything', () => {
    expect(readSettings({})).toEqual({ PORT: 3000, DATA_DIR: 'var', BULK_MAX_BYTES: 16_777_216 });
  });

  it('reads numbers and passes unknown variables through', () => {
    expect(readSettings({ PORT: '8080', MAX_BATCH_SIZE: '5' })).toMatchObject({
      PORT: 8080,
      MAX_BATCH_SIZE: '5',
    });
  });

  it('takes an empty variable as unset', () => {
    expect(readSettings({ SMTP_URL: '', PORT: '' })).toMatchObject({ PORT: 3000 });
  });

  it.each([
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['SMTP_URL', 'http://localhost'],
    ['BULK_MAX_BYTES', '0'],
  ])('refuses %s=%s and names it', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(name);
  });
});
