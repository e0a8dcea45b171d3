import { isError } from '../errors/is-error.js';
import type { HostProcess } from '../domain/host-process.js';
import { operatingSystem, type OperatingSystem } from './operating-system.js';
import { parseProcStat, type ProcStat } from './proc-stat.js';

/** `unknown`: nothing that could be seen proves either. */
export type ProcessState = 'alive' | 'dead' | 'unknown';

const wellFormed = /^([1-9]\d{0,8}):(\d{1,20})$/;

/**
 * Whether a process of this host lives. It is dead only by proof: there is no process of that id, or it is another one by its
 * start time, or one that has ended and whose parent has not asked for its exit status. What may not be read is no proof.
 */
export class ProcessTable {
  constructor(
    private readonly own: HostProcess,
    private readonly os: OperatingSystem = operatingSystem,
  ) {}

  /** @param process - `<pid>:<start time>`; anything else is `unknown` */
  stateOf(process: string): ProcessState {
    const [, pid, startTime] = wellFormed.exec(process) ?? [];
    if (pid === undefined) return 'unknown';
    const stat = this.#stat(pid);
    if (stat === undefined) return 'unknown';
    if (stat !== 'none' && stat.startTime === startTime && !hasEnded(stat)) return 'alive';
    // Procfs may be mounted with `hidepid`, or be another's by now.
    if (!this.#seesItself() || (stat === 'none' && this.os.hasProcess(Number(pid)))) return 'unknown';
    return 'dead';
  }

  #seesItself(): boolean {
    const [pid, startTime] = this.own.process.split(':');
    const stat = this.#stat(pid!);
    return stat !== undefined && stat !== 'none' && stat.startTime === startTime;
  }

  #stat(pid: string): ProcStat | 'none' | undefined {
    try {
      const stat = parseProcStat(this.os.read(`/proc/${pid}/stat`));
      return stat?.pid === pid ? stat : undefined;
    } catch (error) {
      // ESRCH: it ended while its file was read.
      const code = isError(error) ? (error as NodeJS.ErrnoException).code : undefined;
      return code === 'ENOENT' || code === 'ESRCH' ? 'none' : undefined;
    }
  }
}

/** A main thread can end before the others: then the process lives, and its main thread looks like a zombie. */
function hasEnded({ state, threads }: ProcStat): boolean {
  return /^[ZXx]$/.test(state) && threads <= 1;
}
