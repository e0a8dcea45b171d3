import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** What processes have in common that read the same monotonic clock: one start of one machine. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: the minute in which the machine was started; it serves one machine's histories of one run.
    return `${hostname()}-${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
  }
}
