import { describe, expect, it } from '@jest/globals';
import { MadeHistory, witnessOf, type Written } from '../../../test/support/history/a-history.js';
import { checkHistory } from './check-history.js';
import type { HistoryReport, Invariant } from './report.js';

type Entries = readonly Written[];

const checked = (entries: Entries, options = {}): Promise<HistoryReport> =>
  checkHistory({ histories: new MadeHistory(['p'], options).histories, witness: witnessOf(...entries) });

const found = async (entries: Entries): Promise<[Invariant, string][]> =>
  (await checked(entries)).violations.map(({ invariant, message }) => [invariant, message]);

const leader = 'l:100';
const begin: Entries = [
  ['elected', { leader }],
  ['registered', { worker: 'w1', node: 'n' }],
  ['registered', { worker: 'w2', node: 'n' }],
];
const index = (tag: string, ...ids: string[]): Entries =>
  ids.map((id, seq) => ['indexed', { id, tag, seq: `${seq}` }] as const);
const bind = (tag: string, worker: string, size: number, more: object = {}): Entries => [
  ['bound', { tag, worker, fence: '1', size: `${size}`, ahead: '0', leader, ...more }],
];
const take = (id: string, tag: string, worker: string, attempt = '1'): Entries => [
  ['taken', { id, tag, worker, attempt, fence: '1' }],
];
const end = (id: string, worker: string, outcome = 'completed', attempt = '1'): Entries => [
  ['ended', { id, worker, attempt, outcome }],
];
const release = (tag: string, worker: string): Entries => [['released', { tag, worker }]];
const run = (id: string, tag: string, worker: string): Entries => [
  ...take(id, tag, worker),
  ...end(id, worker),
];

it('a sound stream: batches, look-aheads, retries, crashes, pauses, removals', async () => {
  const report = await checked([
    ...begin,
    ['added', { id: 'a1' }],
    ...index('a', 'a1', 'a2', 'a3'),
    ...bind('a', 'w1', 2),
    ...take('a1', 'a', 'w1'),
    ...index('a', 'a4'),
    ['toppedUp', { tag: 'a', worker: 'w1', count: '1' }],
    ...end('a1', 'w1', 'retried'),
    ...release('a', 'w1'),
    ['parked', { tag: 'a' }],
    ...index('b', 'b1', 'b2'),
    ...bind('b', 'w1', 2),
    ['unparked', { tag: 'a' }],
    ...bind('a', 'w1', 3, { ahead: '1' }),
    ...take('b1', 'b', 'w1'),
    ['dropped', { tag: 'a', worker: 'w1' }],
    ...bind('a', 'w2', 3),
    ...take('a1', 'a', 'w2', '2'),
    ['gone', { id: 'a2' }],
    ['recovered', { worker: 'w1', leader }],
    ...bind('b', 'w2', 2, { ahead: '1' }),
    ...end('a1', 'w2', 'completed', '2'),
    ...run('a3', 'a', 'w2'),
    ...release('a', 'w2'),
    ['begun', { tag: 'b', worker: 'w2' }],
    ...take('b1', 'b', 'w2', '2'),
    ['paused', { tag: 'b' }],
    ['leaving', { worker: 'w2' }],
    ...end('b1', 'w2', 'delayed', '2'),
    ['retired', { worker: 'w2' }],
    ['resigned', { leader }],
    ['elected', { leader: 'm:101' }],
    ['renewed', { leader: 'm:101' }],
    ['registered', { worker: 'w3', node: 'n' }],
    ['added', { id: 'a1' }],
    ...index('c', 'a1'),
    ...bind('c', 'w3', 1, { leader: 'm:101' }),
    ...take('a1', 'c', 'w3'),
    ['gone', { id: 'a1' }],
    ...release('c', 'w3'),
  ]);
  expect(report.violations).toEqual([]);
  expect(report.undecided.map(({ invariant }) => invariant)).toEqual(['I10']);
});

const violations: readonly (readonly [string, Invariant, Entries])[] = [
  ['a bind beside an owner', 'I1', [...index('a', 'a1', 'a2'), ...bind('a', 'w1', 1), ...bind('a', 'w2', 1)]],
  ['a bind to nobody', 'I1', [...index('a', 'a1'), ...bind('a', 'w9', 1)]],
  [
    'a batch in a batch',
    'I1',
    [...index('a', 'a1'), ...index('b', 'b1'), ...bind('a', 'w1', 1), ...bind('b', 'w1', 1)],
  ],
  ['a top-up of a tag that is not owned', 'I1', [['toppedUp', { tag: 'a', worker: 'w1', count: '1' }]]],
  ['a look-ahead that begins and was none', 'I1', [['begun', { tag: 'a', worker: 'w1' }]]],
  ['a release of a tag that is not owned', 'I1', release('a', 'w1')],
  [
    'two tasks of a worker',
    'I1',
    [...index('a', 'a1', 'a2'), ...bind('a', 'w1', 2), ...take('a1', 'a', 'w1'), ...take('a2', 'a', 'w1')],
  ],
  [
    'tasks for a worker that leaves',
    'I1',
    [...index('a', 'a1'), ['leaving', { worker: 'w1' }], ...bind('a', 'w1', 1)],
  ],
  [
    'a task that was passed over',
    'I2',
    [...index('a', 'a1', 'a2'), ...bind('a', 'w1', 2), ...run('a2', 'a', 'w1'), ...take('a1', 'a', 'w1')],
  ],
  [
    'a task that was not dispatched',
    'I2',
    [...index('a', 'a1'), ...bind('a', 'w1', 1), ...take('a9', 'a', 'w1')],
  ],
  [
    'a recovered task behind a later one',
    'I2',
    [
      ...index('a', 'a1', 'a2'),
      ...bind('a', 'w1', 2),
      ...take('a1', 'a', 'w1'),
      ['recovered', { worker: 'w1', leader }],
      ...bind('a', 'w2', 2),
      ...run('a2', 'a', 'w2'),
      ...take('a1', 'a', 'w2', '2'),
    ],
  ],
  [
    'an outcome of another worker',
    'I4',
    [...index('a', 'a1'), ...bind('a', 'w1', 1), ...take('a1', 'a', 'w1'), ...end('a1', 'w2')],
  ],
  [
    'two outcomes',
    'I4',
    [...index('a', 'a1'), ...bind('a', 'w1', 1), ...run('a1', 'a', 'w1'), ...end('a1', 'w1')],
  ],
  ['an epoch that does not rise', 'I5', [['elected', { leader: 'm:99' }]]],
  [
    'a bind in the term of another leader',
    'I5',
    [['elected', { leader: 'm:101' }], ...index('a', 'a1'), ...bind('a', 'w1', 1)],
  ],
  [
    'a renewal after the resignation',
    'I5',
    [
      ['resigned', { leader }],
      ['renewed', { leader }],
    ],
  ],
  ['a batch beyond its bound', 'I6', [...index('a', 'a1', 'a2', 'a3', 'a4'), ...bind('a', 'w1', 4)]],
  [
    'a top-up beyond the bound',
    'I6',
    [
      ...index('a', 'a1', 'a2', 'a3', 'a4'),
      ...bind('a', 'w1', 3),
      ['toppedUp', { tag: 'a', worker: 'w1', count: '1' }],
    ],
  ],
  [
    'two turns while another tag is ready',
    'I7',
    [
      ...index('b', 'b1'),
      ...index('a', 'a1', 'a2'),
      ...bind('a', 'w1', 1),
      ...run('a1', 'a', 'w1'),
      ...release('a', 'w1'),
      ...bind('a', 'w1', 1),
    ],
  ],
  [
    'an id that is added while it is there',
    'I9',
    [
      ['added', { id: 'a1' }],
      ['added', { id: 'a1' }],
    ],
  ],
  ['an id that is indexed twice', 'I9', [...index('a', 'a1'), ...index('a', 'a1')]],
];

describe.each(violations)('%s', (_, invariant, entries) => {
  it(`is a violation of ${invariant}`, async () => {
    const all = await found([...begin, ...entries]);
    expect(all.map(([which]) => which)).toContain(invariant);
    expect(new Set(all.map(([which]) => which))).toEqual(new Set([invariant]));
  });
});

describe('turns', () => {
  const twice = (between: Entries): Entries => [
    ...begin,
    ...index('b', 'b1'),
    ...between,
    ...index('a', 'a1', 'a2'),
    ...bind('a', 'w1', 1),
    ...run('a1', 'a', 'w1'),
    ...release('a', 'w1'),
    ...bind('a', 'w1', 1),
  ];

  it.each([
    ['paused', [['paused', { tag: 'b' }]]],
    ['parked', [['parked', { tag: 'b' }]]],
    ['bound', bind('b', 'w2', 1)],
  ] as [string, Entries][])('a tag that is %s does not wait for its own', async (_, between) => {
    expect(await found(twice(between))).toEqual([]);
  });

  it('a look-ahead that was taken back is none', async () => {
    const entries: Entries = [
      ...begin,
      ...index('c', 'c1'),
      ...bind('c', 'w1', 1),
      ...index('b', 'b1'),
      ...index('a', 'a1'),
      ...bind('a', 'w1', 1, { ahead: '1' }),
      ['dropped', { tag: 'a', worker: 'w1' }],
      ...bind('a', 'w2', 1),
    ];
    expect(await found(entries)).toEqual([]);
  });
});
