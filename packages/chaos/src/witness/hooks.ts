/** A hook of Node's module loader: puts the scripts of the test build in place of the generated module. */
import { readFile } from 'node:fs/promises';
import type { InitializeHook, LoadHook } from 'node:module';

const generated = /\/dist\/(?:esm|cjs)\/redis\/generated\/lua-sources\.js$/;
let sources: string | undefined;

export const initialize: InitializeHook<string> = (file) => {
  sources = file;
};

export const load: LoadHook = async (url, context, next) => {
  if (!generated.test(url) || sources === undefined) return next(url, context);
  const source = `export const luaSources = ${await readFile(sources, 'utf8')};`;
  return { format: 'module', source, shortCircuit: true };
};
