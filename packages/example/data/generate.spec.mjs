import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { COMPANIES, TASKS, generateNdjson } from './generate.mjs';

const file = new URL('./tasks.ndjson', import.meta.url);
const MAX_BYTES = 2_000_000;

describe('the data set', () => {
  it('is what its generator writes', async () => {
    expect((await readFile(file, 'utf8')) === generateNdjson()).toBe(true);
  });

  it('has the promised size', async () => {
    const text = await readFile(file, 'utf8');
    const tasks = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_BYTES);
    expect(tasks).toHaveLength(TASKS);
    expect(new Set(tasks.map(({ identifyTag }) => identifyTag)).size).toBe(COMPANIES);
    expect(new Set(tasks.map(({ type }) => type))).toEqual(
      new Set(['send-email', 'generate-invoice', 'process-data']),
    );
    expect(new Set(tasks.map(({ options }) => options.jobId)).size).toBe(TASKS);
  });

  it('is skewed: a tenth of the companies has more than a third of the tasks, and each has some', async () => {
    const sizes = [...countTags(await readFile(file, 'utf8')).values()].sort((a, b) => b - a);
    const top = sizes.slice(0, COMPANIES / 10).reduce((sum, size) => sum + size, 0);
    expect(top / TASKS).toBeGreaterThan(1 / 3);
    expect(sizes.at(-1)).toBeGreaterThan(1);
  });

  it('numbers the tasks of each company without gaps', async () => {
    const next = new Map();
    for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) {
      const { identifyTag, payload } = JSON.parse(line);
      const expected = (next.get(identifyTag) ?? 0) + 1;
      expect(payload.sequence).toBe(expected);
      next.set(identifyTag, expected);
    }
  });
});

function countTags(text) {
  const sizes = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const { identifyTag } = JSON.parse(line);
    sizes.set(identifyTag, (sizes.get(identifyTag) ?? 0) + 1);
  }
  return sizes;
}
