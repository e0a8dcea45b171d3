import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { acquireRedis } from '../redis/index.mjs';
import { workspacePackages } from './packages.mjs';
import { StageError, runBin, runCommand } from './run.mjs';

const JEST = join('node_modules', 'jest', 'bin', 'jest.js');
const JEST_LIMIT_MS = 15 * 60_000;

/** @param {string[]} [files] only these, instead of everything */
export async function lint(files = ['.']) {
  const code = files.filter((file) => file === '.' || /\.(ts|mjs|cjs|js)$/.test(file));
  if (code.length > 0) {
    await runBin('eslint', [
      '--max-warnings',
      '0',
      '--no-warn-ignored',
      '--no-error-on-unmatched-pattern',
      ...code,
    ]);
  }
  if (files.length > 0) {
    await runBin('prettier', ['--check', '--ignore-unknown', '--log-level', 'warn', ...files]);
  }
  await runBin('depcruise', ['--config', '.dependency-cruiser.cjs', 'packages']);
  await runCommand(process.execPath, ['tools/embed-lua.mjs', '--check']);
  await runCommand(process.execPath, ['tools/embed-page.mjs', '--check']);
}

export async function typecheck() {
  for (const { path, has } of await workspacePackages()) {
    if (has('tsconfig.json')) await runBin('tsc', ['-p', join(path, 'tsconfig.json'), '--noEmit']);
  }
}

/** The library comes first: lint and type-check of the other packages read its declarations. */
export async function build() {
  for (const { path, scripts } of await workspacePackages()) {
    if (scripts.build) await runCommand('npm', ['run', '--silent', 'build'], { cwd: path });
  }
}

export async function redisAvailable() {
  const redis = await acquireRedis({ log: console.log });
  await redis.stop();
  console.log(`from ${redis.source}`);
}

/**
 * Runs the tests of every package, even when those of one have failed.
 *
 * @param {{ args?: string[], reportFolder?: string, only?: (folder: string) => boolean }} [options]
 */
export async function jest({ args = [], reportFolder, only = () => true } = {}) {
  const failures = [];
  for (const { folder, path, has } of await workspacePackages()) {
    if (!has('jest.config.mjs') || !only(folder)) continue;
    if (!existsSync(join(path, JEST)))
      throw new StageError(`packages/${folder} has tests but no devDependency jest`);
    try {
      await runJest(path, {
        args: ['--passWithNoTests', ...args],
        report: reportFolder && join(reportFolder, `${folder}.json`),
      });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new StageError(failures.map((error) => error.message).join('\n'));
}

/**
 * Jest in one package.
 *
 * @param {string} path the package's folder
 * @param {{ args?: string[], report?: string }} options report: the file for jest's JSON result
 */
export function runJest(path, { args = [], report }) {
  const kept = report ? ['--json', `--outputFile=${report}`] : [];
  return runCommand(process.execPath, [JEST, ...kept, ...args], {
    cwd: path,
    env: { NODE_OPTIONS: nodeOptions() },
    timeoutMs: JEST_LIMIT_MS,
  });
}

/** The unit specs sit beside their source, in the project named `unit` of each package that has one. */
export function unit(args = []) {
  return jest({ args: ['--selectProjects', 'unit', ...args] });
}

function nodeOptions() {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return [process.env.NODE_OPTIONS, ...flags].filter(Boolean).join(' ');
}
