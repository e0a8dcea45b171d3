import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a command in the foreground; throws a StageError when it fails. */
export async function runCommand(file, args, { cwd = ROOT, env = {}, timeoutMs } = {}) {
  const child = spawn(file, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  // A signal to this process alone must not leave the command behind.
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit').finally(() => {
    for (const forwarded of FORWARDED) process.off(forwarded, forward);
  });
  if (code === 0) return;
  const late = signal === 'SIGKILL' && timeoutMs !== undefined ? ` (limit: ${timeoutMs / 60_000} min)` : '';
  throw new StageError(
    `${[file, ...args].join(' ')} ended with ${signal ? `${signal}${late}` : `exit code ${code}`}`,
  );
}

/** A program of the workspace root's devDependencies. */
export function runBin(name, args, options) {
  return runCommand(`${ROOT}node_modules/.bin/${name}`, args, options);
}

/** A failure that has already been explained on the terminal by the command itself. */
export class StageError extends Error {}

/** Runs the stages in order, with a heading and the time of each; stops at the first that fails. */
export async function runStages(stages) {
  const times = [];
  for (const [name, action] of stages) {
    console.log(`\n━━━ ${name} ━━━`);
    const start = performance.now();
    try {
      await action();
    } catch (error) {
      console.error(
        `\n✗ stage "${name}" failed: ${error instanceof StageError ? error.message : error.stack}`,
      );
      printTimes([...times, [`${name} (failed)`, performance.now() - start]]);
      process.exitCode = 1;
      return;
    }
    times.push([name, performance.now() - start]);
  }
  printTimes(times);
}

function printTimes(times) {
  console.log(`\n${times.map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`).join(' · ')}`);
}
