import type { HostProcess } from '../domain/host-process.js';
import { operatingSystem, type OperatingSystem } from './operating-system.js';
import { parseProcStat } from './proc-stat.js';

/**
 * This process, as its neighbours can check it. `undefined` where procfs does not show it under the id that it has itself:
 * not Linux, no procfs, or the procfs of another pid namespace.
 */
export function ownProcess(os: OperatingSystem = operatingSystem): HostProcess | undefined {
  try {
    const stat = parseProcStat(os.read('/proc/self/stat'));
    if (stat?.pid !== String(os.ownPid)) return undefined;
    // One id for each pid namespace from that of the procfs down to our own: more than one, and it shows us another's processes.
    const ids = /^NSpid:\s*(.*)$/m.exec(os.read('/proc/self/status'))?.[1];
    if (ids !== stat.pid) return undefined;
    const boot = os.read('/proc/sys/kernel/random/boot_id').trim();
    const host = [boot, namespaceId(os, 'pid'), namespaceId(os, 'time')].join('.');
    if (!/^[0-9a-f-]{36}\.\d+\.\d+$/.test(host)) return undefined;
    return Object.freeze({ host, process: `${stat.pid}:${stat.startTime}` });
  } catch {
    return undefined;
  }
}

/** Start times are counted by the clock of the time namespace, which older kernels do not have. */
function namespaceId(os: OperatingSystem, kind: 'pid' | 'time'): string {
  try {
    return /\[(\d+)\]$/.exec(os.readLink(`/proc/self/ns/${kind}`))?.[1] ?? '';
  } catch (error) {
    if (kind === 'time' && (error as NodeJS.ErrnoException).code === 'ENOENT') return '0';
    throw error;
  }
}
