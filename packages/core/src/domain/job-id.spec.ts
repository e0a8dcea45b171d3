import { describe, expect, it } from '@jest/globals';
import { QueueKeys } from 'bullmq';
import fc from 'fast-check';
import { ReservedJobIdError } from '../errors/errors.js';
import { assertValidJobId, maxJobIdBytes, reservedJobIds } from './job-id.js';

const queueKeys = new QueueKeys().getKeys('q');

describe('assertValidJobId', () => {
  it.each(Object.keys(queueKeys))('refuses %p, a key of the installed bullmq', (key) => {
    expect(() => assertValidJobId(key)).toThrow(ReservedJobIdError);
  });

  it.each(['metrics', 'dn', 'priority', 'NaN', 'aff', '', '0', '7', '-7', '007', 'a:b', ':', 'aff:ring'])(
    'refuses %p',
    (jobId) => {
      expect(() => assertValidJobId(jobId)).toThrow(ReservedJobIdError);
    },
  );

  it.each([[5], [null], [undefined], [{}], ['a\ud83d'], ['x'.repeat(maxJobIdBytes + 1)], ['公'.repeat(86)]])(
    'refuses %p',
    (jobId) => {
      expect(() => assertValidJobId(jobId)).toThrow(ReservedJobIdError);
    },
  );

  it.each([
    'invoice-2024-1',
    'waiting',
    'Meta',
    'affiliate-7',
    '1.5',
    '1e3',
    'order 7',
    '公司',
    'x'.repeat(256),
  ])('takes %p', (jobId) => {
    expect(() => assertValidJobId(jobId)).not.toThrow();
  });

  it('takes no id whose job could share a key with the queue', () => {
    const ownKeys = new Set([...Object.values(queueKeys), 'bull:q:aff:ring', 'bull:q:metrics:failed']);
    const suffixes = [
      '',
      ':lock',
      ':logs',
      ':dependencies',
      ':processed',
      ':failed',
      ':unsuccessful',
      ':ring',
    ];
    const likely = fc.oneof(
      fc.constantFrom(...reservedJobIds, 'aff:', 'metrics:'),
      fc.string(),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(likely, (jobId) => {
        const collides = suffixes.some((suffix) => ownKeys.has(`bull:q:${jobId}${suffix}`));
        if (collides) expect(() => assertValidJobId(jobId)).toThrow(ReservedJobIdError);
      }),
    );
  });

  it('says why, and does not repeat an endless id', () => {
    expect(() => assertValidJobId('meta')).toThrow(
      'jobId "meta" is reserved: the queue has a key of that name',
    );
    expect(() => assertValidJobId('x'.repeat(1e6))).toThrow(/^.{1,400}$/);
  });
});
