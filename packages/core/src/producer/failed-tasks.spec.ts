import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError, InvalidTaskError } from '../errors/errors.js';
import type { QueueContext } from '../redis/queue-context.js';
import { assertValidRetryFilter, decodeFailedTasks, retryFailedTasks } from './failed-tasks.js';

interface Failed {
  readonly id: string;
  readonly tag?: string;
  readonly type?: string;
  readonly finishedOn: number;
  readonly sequence?: number;
}

/** The two scripts, on a list in memory. */
function fakeContext(tasks: Failed[], { pageBytes = 1_000 } = {}) {
  const retried: string[] = [];
  const run = async (name: string, { args }: { args: (string | number)[] }): Promise<unknown> => {
    if (name === 'retryFailedTask') {
      const index = tasks.findIndex(({ id }) => id === args[0]);
      if (index < 0) return 0;
      retried.push(String(args[0]));
      const [task] = tasks.splice(index, 1);
      if (task!.type === 'fails again') tasks.push({ ...task!, finishedOn: 1_000 });
      return 1;
    }
    const [position, window, , tag, withData] = args as [number, number, number, string, number];
    const looked = tasks.slice(position, position + Math.min(window, pageBytes));
    const matching = looked.filter((task) => tag === '' || task.tag === tag);
    return [
      looked.length,
      ...matching.flatMap(({ id, type = 'note', finishedOn, sequence = '' }) => [
        id,
        type,
        withData === 1 ? JSON.stringify({ identifyTag: 't', type }) : '',
        String(finishedOn),
        String(sequence),
      ]),
    ];
  };
  return { context: { scripts: { run } } as unknown as QueueContext, retried, tasks };
}

const numbered = (count: number, more: Partial<Failed> = {}): Failed[] =>
  Array.from({ length: count }, (_, i) => ({ id: `t${i}`, finishedOn: i, ...more }));

describe('retryFailedTasks', () => {
  it('goes on from page to page and retries each task once', async () => {
    const { context, retried, tasks } = fakeContext(numbered(450));
    expect(await retryFailedTasks(context, {}, 450)).toBe(450);
    expect(retried).toEqual(numbered(450).map(({ id }) => id));
    expect(tasks).toEqual([]);
  });

  it('skips what does not match without losing its place', async () => {
    const failed = numbered(450).map((task, i) => ({ ...task, type: i % 10 === 0 ? 'mail' : 'bill' }));
    const { context, retried } = fakeContext(failed, { pageBytes: 7 });
    expect(await retryFailedTasks(context, { type: 'mail' }, 450)).toBe(45);
    expect(retried).toEqual(numbered(450).flatMap(({ id }, i) => (i % 10 === 0 ? id : [])));
  });

  it('ends although tasks fail again', async () => {
    const { context, retried } = fakeContext(numbered(300, { type: 'fails again' }));
    expect(await retryFailedTasks(context, {}, 300)).toBe(300);
    expect(new Set(retried).size).toBe(300);
  });

  it('stops at the limit, and takes tasks of one millisecond in the order of their tag', async () => {
    const failed = ['c', 'a', 'd', 'b'].map((id) => ({ id, finishedOn: 5, sequence: id.charCodeAt(0) }));
    const { context, retried } = fakeContext(failed);
    expect(await retryFailedTasks(context, { limit: 3 }, 4)).toBe(3);
    expect(retried).toEqual(['a', 'b', 'c']);
  });

  it('does not count what somebody else has retried meanwhile', async () => {
    const { context, tasks } = fakeContext(numbered(3));
    const retrying = retryFailedTasks(context, {}, 3); // has its page by now
    tasks.splice(1, 1);
    expect(await retrying).toBe(2);
  });
});

describe('decodeFailedTasks', () => {
  it('takes five values per task', () => {
    expect(decodeFailedTasks([7, 'a', 'note', '{}', '12', '3', 'b', 'mail', '', '13', ''])).toEqual({
      lookedAt: 7,
      tasks: [
        { jobId: 'a', name: 'note', data: '{}', finishedOn: 12, sequence: 3 },
        { jobId: 'b', name: 'mail', data: '', finishedOn: 13, sequence: 0 },
      ],
    });
    expect(decodeFailedTasks([0])).toEqual({ lookedAt: 0, tasks: [] });
  });
});

describe('assertValidRetryFilter', () => {
  it.each([
    [{}],
    [{ identifyTag: 't', type: 'note', limit: 0 }],
    [{ limit: Number.POSITIVE_INFINITY }],
    [{ limit: undefined, type: undefined, identifyTag: undefined }],
  ])('accepts %j', (filter) => {
    expect(() => {
      assertValidRetryFilter(filter, 10);
    }).not.toThrow();
  });

  it.each([
    [null],
    [[]],
    ['t'],
    [{ tag: 't' }],
    [{ type: '' }],
    [{ limit: -1 }],
    [{ limit: 0.5 }],
    [{ limit: '1' }],
  ])('refuses %j', (filter) => {
    expect(() => {
      assertValidRetryFilter(filter, 10);
    }).toThrow(InvalidArgumentError);
  });

  it('refuses what cannot be a tag as it is refused everywhere', () => {
    expect(() => {
      assertValidRetryFilter({ identifyTag: 'x'.repeat(11) }, 10);
    }).toThrow(InvalidTaskError);
  });
});
