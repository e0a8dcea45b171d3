import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end and returns what it printed. @throws with its output when it fails. */
export async function run(
  file: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  try {
    const { stdout } = await execute(file, args, {
      cwd,
      env: { ...withoutJest(process.env), ...env },
      timeout: 180_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[file, ...args].join(' ')} failed: ${String(error)}\n${stdout}\n${stderr}`, {
      cause: error,
    });
  }
}

/** A user's shell has none of the variables of this test run. */
function withoutJest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(JEST_|npm_|NODE_OPTIONS$|NODE_ENV$)/;
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !ours.test(name) || name.startsWith('npm_config_')),
  );
}
