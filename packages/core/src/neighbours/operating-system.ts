import { readFileSync, readlinkSync } from 'node:fs';

/** What the system knows of processes. Reading procfs does not wait for a disk. */
export interface OperatingSystem {
  readonly ownPid: number;
  /** @throws what `readFileSync` throws */
  read(path: string): string;
  /** @throws what `readlinkSync` throws */
  readLink(path: string): string;
  /** Whether there is such a process, also one of another user, and also where procfs hides it. */
  hasProcess(pid: number): boolean;
}

export const operatingSystem: OperatingSystem = Object.freeze({
  ownPid: process.pid,
  read: (path: string) => readFileSync(path, 'utf8'),
  readLink: (path: string) => readlinkSync(path),
  hasProcess: (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ESRCH';
    }
  },
});
