import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Chunk } from '../src/campaign/chunk.js';
import { canSetClocks, canWatchSyncs } from '../src/disasters/tools.js';
import { plannedKinds } from '../src/faults/planned-fault.js';
import { spans } from '../src/stage/lease.js';

/** The episodes have 90 seconds together; before them the witnessed scripts are made. */
const limitMs = 240_000;

const mayWatchSyncs = await canWatchSyncs();

const folder = mkdtempSync(join(tmpdir(), 'affinity-chaos-short-'));
let printed = '';
let chunk: Chunk;

beforeAll(async () => {
  const results = join(folder, 'results.json');
  const words = ['short', '--results', results, '--folder', join(folder, 'histories')];
  const campaign = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js'), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  for (const stream of [campaign.stdout, campaign.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(campaign, 'close');
  [chunk] = JSON.parse(readFileSync(results, 'utf8')) as [Chunk];
}, limitMs);

afterAll(() => {
  // A failure keeps its history, and has said where.
  if (chunk.violations + chunk.problems === 0) rmSync(folder, { recursive: true, force: true });
});

describe('the short form of the campaign', () => {
  it('finds nothing', () => {
    expect({ ...chunk, printed }).toMatchObject({ violations: 0, problems: 0 });
  });

  it.each([
    ...plannedKinds,
    ...['kill before a command', 'kill after a command'],
    ...['maxmemory', 'resignation', 'promotion of a stale replica'],
  ])('%s hit, and at least ten attempts ended after it', (kind) => {
    expect(chunk.faults[kind]?.counted).toBeGreaterThan(0);
  });

  it('froze for each span, and each freeze hit', () => {
    expect(chunk.faults.freeze?.counted).toBe(spans.length);
  });

  // Skips are named, and listed in tools/allowed-skips.json with their reasons: what cannot be played is seen.
  (canSetClocks() ? it : it.skip).each(['clock -1 h', 'clock +1 h'])(
    '%s hit, where there is a C compiler',
    (kind) => {
      expect(chunk.faults[kind]?.counted).toBe(1);
    },
  );

  (mayWatchSyncs ? it : it.skip).each(['power loss (always)', 'power loss (everysec)'])(
    '%s hit, where strace may look at Redis',
    (kind) => {
      expect(chunk.faults[kind]?.counted).toBe(1);
    },
  );

  it('played the episodes that it has, and no other seed', () => {
    expect(chunk).toMatchObject({ seed: 1, from: 0, next: 2 });
  });

  it('took no more than 90 seconds', () => {
    expect(chunk.seconds).toBeLessThanOrEqual(90);
  });

  it('kept instances busy', () => {
    expect(chunk.commits).toBeGreaterThan(300);
    expect(chunk.witnessEntries).toBeGreaterThan(chunk.commits);
  });
});
