import { readFileSync } from 'node:fs';

/** Is there a process of this id (a zombie that nobody has reaped yet does not count)? */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return !isZombie(pid);
}

function isZombie(pid) {
  if (process.platform !== 'linux') return false;
  try {
    // "<pid> (<name, may hold anything>) <state> …"
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z';
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return true;
    throw error;
  }
}

/** Sends a signal; false when the process is already gone. */
export function sendSignal(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Monotonic milliseconds on the clock of the run logs. */
export function monotonicMs() {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
