import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Application } from './support/application.js';
import { fetchNode } from './support/node-version.js';
import { run } from './support/run.js';
import { core, pack, type Tarball } from './support/tarball.js';

/** About a tenth more than it is: 706 kB packed, 4.0 MB unpacked, of which 1.3 MB are the scripts in two builds. */
const TOO_LARGE = { packedBytes: 780_000, unpackedBytes: 4_400_000 };
const NODE_MAJORS = [20, 22, 24];
const web = {
  ...{ result: 42, reason: 'completed', health: 'up', terminus: 'ok', metrics: true },
  ...{ page: true, live: ['greeting', 'state'], action: 403, history: 1 },
};
const expected = {
  said: {
    result: { status: 'sent to a@example.com of company-123' },
    waiting: 0,
    refused: 'AFFINITY_INVALID_TASK',
    decoded: '"payload"',
    inMemory: 8,
    express: web,
    fastify: web,
  },
  status: expect.objectContaining({
    stats: expect.objectContaining({ completed: 3, failed: 0 }),
    workers: [],
  }),
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

  it('has documents whose links lead to documents that it has', async () => {
    const documents = tarball.files.filter((path) => path.endsWith('.md'));
    let links = 0;
    const broken: string[] = [];
    for (const file of documents) {
      const prose = (await tarball.read(file)).replace(/^```[^]*?^```$/gm, '');
      for (const [, link, source] of prose.matchAll(/\]\(([^)\s]+)\)|<img\b[^>]* src="([^"]+)"/g)) {
        const target = (link ?? source)!;
        if (/^([a-z]+:|#)/.test(target)) continue;
        links += 1;
        const path = join(dirname(file), target.split('#')[0]!);
        if (!tarball.files.some((name) => name === path || name.startsWith(`${path}/`)))
          broken.push(`${file}: ${target}`);
      }
    }
    expect(documents.length).toBeGreaterThan(40);
    expect(links).toBeGreaterThan(150);
    expect(broken).toEqual([]);
  });

  it('is small', () => {
    expect(tarball.packedBytes).toBeLessThan(TOO_LARGE.packedBytes);
    expect(tarball.unpackedBytes).toBeLessThan(TOO_LARGE.unpackedBytes);
  });

  it('runs nothing when it is installed, has no side effects when it is imported, and is published with provenance', async () => {
    const manifest = JSON.parse(await tarball.read('package.json')) as Record<string, object | undefined>;
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
    expect(manifest).toMatchObject({
      sideEffects: false,
      publishConfig: { access: 'public', provenance: true },
    });
    const libraries = { ...manifest.dependencies, ...manifest.peerDependencies };
    expect(Object.values(libraries).filter((range) => !/^[\^>]/.test(String(range)))).toEqual([]);
  });

  it('says nothing of the machine that it was made on, nor of the mistakes that its tests know', async () => {
    const telling = {
      mark: /--- @(bug|witness)/,
      place: /(?<![\w.~-])\/(home|root|tmp|work|Users|private|mnt)\/\w/,
      registry: /registry\.[\w-]+\.|\bnpm\.pkg\.|\/artifactory\/|_authToken/,
    };
    const found: string[] = [];
    for (const file of tarball.files) {
      const text = await tarball.read(file);
      // The documents explain the marks; what runs has none.
      for (const [what, pattern] of Object.entries(telling)) {
        const match = what === 'mark' && !file.startsWith('dist/') ? null : pattern.exec(text);
        if (match) found.push(`${file}: ${match[0]}`);
      }
    }
    expect(tarball.files.length).toBeGreaterThan(500);
    expect(found).toEqual([]);
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
