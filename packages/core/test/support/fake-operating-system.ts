import type { OperatingSystem } from '../../src/neighbours/operating-system.js';

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });

export const fakeBoot = '11111111-2222-3333-4444-555555555555';

/** Fields of `/proc/<pid>/stat` as the kernel writes them. */
export function statLine(
  pid: number,
  startTime: number,
  { name = 'node', state = 'S', threads = 11 } = {},
): string {
  const between = Array.from({ length: 16 }, (_, i) => i).join(' ');
  return `${pid} (${name}) ${state} ${between} ${threads} 0 ${startTime} 1 2 3\n`;
}

/** A system with processes that a test makes up; the asking one has id 100 and started at 5000. */
export class FakeOperatingSystem implements OperatingSystem {
  readonly ownPid = 100;
  readonly files = new Map<string, string | Error>();
  readonly links = new Map<string, string | Error>();
  /** Processes that `kill` finds. */
  readonly pids = new Set<number>();

  constructor() {
    this.files.set('/proc/sys/kernel/random/boot_id', `${fakeBoot}\n`);
    this.files.set('/proc/self/status', 'Name:\tnode\nNSpid:\t100\nThreads:\t11\n');
    this.files.set('/proc/self/stat', statLine(100, 5_000));
    this.links.set('/proc/self/ns/pid', 'pid:[4026531836]');
    this.links.set('/proc/self/ns/time', 'time:[4026531834]');
    this.run(100, statLine(100, 5_000));
  }

  run(pid: number, stat: string): void {
    this.pids.add(pid);
    this.files.set(`/proc/${pid}/stat`, stat);
  }

  end(pid: number): void {
    this.pids.delete(pid);
    this.files.delete(`/proc/${pid}/stat`);
  }

  /** Reading it fails, with this code. */
  refuse(path: string, code: string): void {
    this.files.set(path, errorOf(code));
    this.links.set(path, errorOf(code));
  }

  read(path: string): string {
    return found(this.files.get(path));
  }

  readLink(path: string): string {
    return found(this.links.get(path));
  }

  hasProcess(pid: number): boolean {
    return this.pids.has(pid);
  }
}

function found(value: string | Error | undefined): string {
  if (typeof value === 'string') return value;
  throw value ?? errorOf('ENOENT');
}
