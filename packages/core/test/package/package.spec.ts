import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Application } from './support/application.js';
import { fetchNode } from './support/node-version.js';
import { run } from './support/run.js';
import { core, pack, type Tarball } from './support/tarball.js';

const TOO_LARGE_BYTES = 650_000;
const NODE_MAJORS = [20, 22, 24];
const expected = {
  result: { status: 'sent to a@example.com of company-123' },
  waiting: 0,
  refused: 'AFFINITY_INVALID_TASK',
};

let tarball: Tarball;
const applications: Partial<Record<'esm' | 'cjs', Application>> = {};

beforeAll(async () => {
  tarball = await pack();
});
afterAll(async () => {
  await Promise.all(Object.values(applications).map((application) => application.remove()));
  await rm(tarball.folder, { recursive: true, force: true });
});

describe('the tarball', () => {
  it('holds the two builds, the licence and the documents, and nothing of the sources or tests', () => {
    const places = new Set(tarball.files.map((path) => path.replace(/^(dist\/\w+|docs)\/.*/, '$1')));
    expect([...places].sort()).toEqual([
      'CHANGELOG.md',
      'ELECTION.md',
      'LICENSE',
      'PERFORMANCE.md',
      'README.md',
      'README.zh-CN.md',
      'RECOVERY.md',
      'dist/cjs',
      'dist/esm',
      'docs',
      'package.json',
    ]);
    expect(tarball.files.filter((path) => /\.spec\.|\.map$|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it('is small', () => {
    expect(tarball.packedBytes).toBeLessThan(TOO_LARGE_BYTES);
  });

  it('pleases publint', async () => {
    const { buffer } = await readFile(tarball.path);
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that fit its files for every way of importing it', async () => {
    const attw = join(core, 'node_modules', '.bin', 'attw');
    const printed = await run(
      attw,
      [tarball.path, '--format', 'ascii', '--no-color', '--no-emoji', '--profile', 'node16'],
      {
        cwd: core,
      },
    );
    expect(printed).toContain('No problems found');
  });
});

describe('an ES module application on Nest 12', () => {
  beforeAll(async () => {
    applications.esm = await Application.install('nest12-esm', tarball);
  });

  it('compiles in strict mode and runs', async () => {
    await applications.esm!.bin('tsc');
    await expect(applications.esm!.start()).resolves.toEqual(expected);
  });
});

describe('a CommonJS application on Nest 11', () => {
  beforeAll(async () => {
    applications.cjs = await Application.install('nest11-cjs', tarball);
  });

  it('compiles in strict mode and runs', async () => {
    await applications.cjs!.bin('tsc');
    await expect(applications.cjs!.start()).resolves.toEqual(expected);
  });

  it('is tested by jest in CommonJS', async () => {
    await expect(applications.cjs!.bin('jest', '--ci')).resolves.toBeDefined();
  });
});

describe.each(NODE_MAJORS)('on Node %i', (major) => {
  it('both applications run', async () => {
    const node = await fetchNode(major);
    try {
      await expect(run(node.executable, ['--version'], { cwd: core })).resolves.toMatch(
        new RegExp(`^v${major}\\.`),
      );
      await expect(applications.esm!.start(node.executable)).resolves.toEqual(expected);
      await expect(applications.cjs!.start(node.executable)).resolves.toEqual(expected);
    } finally {
      await node.remove();
    }
  });
});
