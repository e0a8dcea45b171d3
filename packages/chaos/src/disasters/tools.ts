import { execFileSync, spawn } from 'node:child_process';

/** Whether the wall clock of a Redis can be set: its library is compiled. */
export function canSetClocks(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether strace is there and may look at a process that it has not started; many systems forbid that. */
export async function canWatchSyncs(): Promise<boolean> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
  try {
    return await attaches(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
  }
}

function attaches(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const strace = spawn('strace', ['-o', '/dev/null', '-p', String(pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    strace.stderr.on('data', (data: Buffer) => {
      if (!data.toString().includes('attached')) return;
      resolve(true);
      strace.kill('SIGTERM');
    });
    strace.once('error', () => resolve(false));
    strace.once('close', () => resolve(false));
  });
}
