import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fileNameOf, isTypeScript, readMarkdown } from './markdown.js';
import { transpile } from './type-check.js';

/** Below `node_modules`, so that the modules find their packages, and nothing of it is ever linted or committed. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));

/** The named TypeScript blocks of a document as modules that can be imported. */
export interface CompiledBlocks {
  /** @param name - such as `main.js` */
  load<Module>(name: string): Promise<Module>;
  remove(): void;
}

/** Compiles the blocks of a document as they stand. */
export function compileBlocks(file: string): CompiledBlocks {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'affinity-docs-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const block of readMarkdown(file).blocks.filter(isTypeScript)) {
    const name = fileNameOf(block);
    if (name !== undefined) writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), transpile(block.code));
  }
  return {
    load: async <Module>(name: string) => (await import(pathToFileURL(join(folder, name)).href)) as Module,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
