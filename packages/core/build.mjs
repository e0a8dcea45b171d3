/**
 * Builds the package twice from one source: dist/esm for `import`, dist/cjs for `require`.
 * `--clean` removes what earlier builds have left; a package is packed from a clean build.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FORMATS = { esm: 'module', cjs: 'commonjs' };

const folder = import.meta.dirname;
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

if (process.argv.includes('--clean')) await rm(join(folder, 'dist'), { recursive: true, force: true });
const codes = await Promise.all(Object.entries(FORMATS).map(([name, type]) => build(name, type)));
process.exitCode = Math.max(...codes);

async function build(name, type) {
  const target = join(folder, 'dist', name);
  await mkdir(target, { recursive: true });
  // Node and TypeScript take the format of a file from the nearest package.json.
  await writeFile(join(target, 'package.json'), `${JSON.stringify({ type })}\n`);
  const child = spawn(process.execPath, [compiler, '-p', `tsconfig.${name}.json`], {
    cwd: folder,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
