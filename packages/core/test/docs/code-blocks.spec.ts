import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import {
  fileNameOf,
  isTypeScript,
  markdownFiles,
  readMarkdown,
  root,
  type CodeBlock,
} from './support/markdown.js';
import { readSample, typeCheck } from './support/type-check.js';

const blocks = markdownFiles().flatMap((file) => readMarkdown(file).blocks);
const typeScript = blocks.filter(isTypeScript);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A folder per document, so that blocks with a name can import each other. */
function pathOf(block: CodeBlock): string {
  const folder = block.file.replace(/[^\w.-]/g, '_');
  return `${folder}/${fileNameOf(block) ?? `line-${block.line}.ts`}`;
}

function samples(): string[] {
  return readdirSync(join(root, 'packages/core/test/docs/samples'), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.ts'));
}

describe('every TypeScript block', () => {
  it('has a file of its own in its document', () => {
    const paths = typeScript.map(pathOf);
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
  });

  it('compiles as it stands, and so do the documented samples', () => {
    const files = new Map(typeScript.map((block) => [pathOf(block), block.code]));
    for (const path of samples()) files.set(`samples/${path}`, readSample(path));
    expect(files.size).toBeGreaterThan(20);
    expect(typeCheck(files)).toEqual([]);
  }, 120_000);
});

describe('the type check', () => {
  it('finds a wrong option, a missing import and a wrong payload', () => {
    const wrong = new Map([
      [
        'wrong/option.ts',
        `import { QueueModule } from 'nestjs-affinity-queue';\nQueueModule.forRoot({ rule: 'BOTH' });\n`,
      ],
      ['wrong/import.ts', `export const queue: QueueService | undefined = undefined;\n`],
      [
        'wrong/call.ts',
        `import type { QueueService } from 'nestjs-affinity-queue';\nexport const add = (q: QueueService) => q.add({ type: 1, identifyTag: 'a', payload: 1 });\n`,
      ],
    ]);
    const problems = typeCheck(wrong);
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).toMatch(/option\.ts:2: [^]*rule/);
    expect(problems.join('\n')).toMatch(/import\.ts:1: Cannot find name 'QueueService'/);
    expect(problems.join('\n')).toMatch(/call\.ts:2: Type 'number' is not assignable to type 'string'/);
  }, 120_000);
});

describe('every other block', () => {
  it('says its language', () => {
    const known = ['ts', 'typescript', 'js', 'sh', 'json', 'yaml', 'mermaid', 'text'];
    const unknown = blocks.filter(({ language }) => !known.includes(language));
    expect(unknown.map(({ file, line, language }) => `${file}:${line} ${language}`)).toEqual([]);
  });

  const scripts = blocks.filter(({ language }) => language === 'js');
  it.each(scripts.map((block) => [`${block.file}:${block.line}`, block] as const))(
    '%s, a PM2 file, can be loaded',
    (_, { code }) => {
      const module = { exports: {} as { apps?: { script?: string; env?: Record<string, string> }[] } };
      vm.runInNewContext(code, { module, process: { env: {} } });
      expect(module.exports.apps?.length).toBeGreaterThan(0);
      for (const app of module.exports.apps ?? []) {
        expect(app.script).toBe('dist/main.js');
        expect(['SCHEDULER', 'WORKER', 'BOTH', 'PRODUCER']).toContain(app.env?.APP_ROLE);
      }
    },
  );

  it('is JSON where it says so', () => {
    for (const { file, line, code } of blocks.filter(({ language }) => language === 'json')) {
      expect({ where: `${file}:${line}`, value: parseJson(code) }).not.toHaveProperty('value', undefined);
    }
  });
});
