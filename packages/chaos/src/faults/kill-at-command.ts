import type { HistoryRecorder } from 'nestjs-affinity-queue/history';
import type { InstanceProcess } from '../stage/instance-process.js';
import { DeadlineError, until } from '../stage/until.js';
import type { KillAtCommand } from './planned-fault.js';

const isSentWithinMs = 5_000;

/** Kills an instance just before, or just after, a command that it sends reaches Redis, and starts another one. */
export async function killAtCommand(
  recorder: HistoryRecorder,
  instance: InstanceProcess | undefined,
  { kind, command }: KillAtCommand,
  respawn: (like: InstanceProcess['setup']) => Promise<unknown>,
): Promise<{ hit: boolean; target: string }> {
  const target = instance?.nodeId;
  if (instance === undefined || target === undefined) return { hit: false, target: '' };
  let isStruck = false;
  instance.proxy.watch = (name) => {
    if (isStruck || name !== command) return undefined;
    isStruck = true;
    const strike = (): void => {
      recorder.record('fault', { kind: 'kill', target, detail: `${kind}: ${command}` });
      void instance.kill();
    };
    return { when: kind === 'kill before a command' ? 'before' : 'after', strike };
  };
  try {
    await until('it is struck', () => instance.hasExited, { timeoutMs: isSentWithinMs });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
  instance.proxy.watch = undefined;
  if (instance.hasExited) await respawn(instance.setup);
  return { hit: isStruck && instance.exit?.signal === 'SIGKILL', target };
}
