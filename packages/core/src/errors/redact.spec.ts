import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactText, redactUrl, safeCause } from './redact.js';

describe('redactUrl', () => {
  it.each([
    ['redis://localhost:6379/0', 'redis://localhost:6379/0'],
    ['redis://:hunter2@localhost', 'redis://***@localhost'],
    ['redis://app:hunter2@localhost:6380/1', 'redis://***@localhost:6380/1'],
    ['rediss://app:hun@ter/2@localhost', 'rediss://***@localhost'],
    ['app:hunter2@localhost', 'app:***@localhost'],
    ['redis://localhost?db=1&password=hunter2', 'redis://localhost?db=1&password=***'],
  ])('%s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  it('never lets a password through, whatever its characters', () => {
    const password = fc.string({ minLength: 1 }).map((text) => `<${text}>secret`);
    fc.assert(
      fc.property(password, (text) => {
        expect(redactUrl(`redis://:${text}@localhost:6379`)).toBe('redis://***@localhost:6379');
      }),
    );
  });
});

it('redactText hides logins within a sentence', () => {
  expect(redactText('connect redis://a:b@c:1 and rediss://x:y@z failed')).toBe(
    'connect redis://***@c:1 and rediss://***@z failed',
  );
});

describe('safeCause', () => {
  it('copies an error that quotes a URL, its stack and its own cause included', () => {
    const inner = new Error('redis://:hunter2@inner');
    const cause = Object.assign(new Error('redis://:hunter2@outer', { cause: inner }), {
      code: 'ECONNREFUSED',
    });
    const safe = safeCause(cause) as Error & { code: string };
    expect(`${safe.message} ${safe.stack} ${(safe.cause as Error).message}`).not.toContain('hunter2');
    expect(safe.code).toBe('ECONNREFUSED');
  });

  it('leaves what is no error alone, but for logins in text', () => {
    expect(safeCause('redis://:hunter2@h')).toBe('redis://***@h');
    expect(safeCause(5)).toBe(5);
  });
});
