import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packageFolder = fileURLToPath(new URL('../../../../', import.meta.url));

export interface Ended {
  /** `null` when the process had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout that `emit` wrote. */
  readonly said: readonly any[];
  /** Time (ms) between the last `emit` and the end of the process. */
  readonly lingeredMs: number;
}

const prelude = `
  import 'reflect-metadata';
  import { Module, Logger } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  const lib = await import(process.env.AFFINITY_TEST_LIBRARY ?? 'nestjs-affinity-queue');
  const { QueueModule, QueueService, WorkerService, ElectionService } = lib;
  const emit = (value) => process.stdout.write('@' + JSON.stringify(value) + '\\n');
  const moduleOf = (imports, rest = {}) => {
    class AppModule {}
    Module({ ...rest, imports })(AppModule);
    return AppModule;
  };
  const describe = (error) => ({ name: error?.name, code: error?.code, message: error?.message });
`;

/**
 * Runs a script on the built package in a process of its own, as an application would: what keeps that process alive, or
 * what its end says, cannot be seen from inside a test. The script has Nest, the library, `emit` and `moduleOf`.
 */
export async function runInChild(
  script: string,
  {
    env = {},
    cwd = packageFolder,
    timeoutMs = 25_000,
  }: { env?: Record<string, string>; cwd?: string; timeoutMs?: number } = {},
): Promise<Ended> {
  if (process.env.AFFINITY_TEST_LIBRARY === undefined && !existsSync(`${packageFolder}dist/esm/index.js`)) {
    throw new Error('The package is not built: run `npm run build` first');
  }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', prelude + script], {
    cwd,
    env: { ...withoutOurVariables(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let lastEmit = performance.now();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (text.includes('@')) lastEmit = performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(killer);
  const said = stdout
    .split('\n')
    .filter((line) => line.startsWith('@'))
    .map((line) => JSON.parse(line.slice(1)));
  return { code, stdout, stderr, said, lingeredMs: performance.now() - lastEmit };
}

function withoutOurVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(REDIS_|APP_ROLE$|QUEUE_LOCALE$|PENDING_QUEUE_NAME$|WORKER_|NODE_OPTIONS$)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}
