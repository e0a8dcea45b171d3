import { resolve } from 'node:path';

/** This package; the source and its build lie equally deep in it. */
export const packageFolder = resolve(import.meta.dirname, '..');
export const rootFolder = resolve(packageFolder, '../..');
export const coreFolder = resolve(rootFolder, 'packages/core');
