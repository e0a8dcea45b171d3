import type { RetryFilter } from '../../producer/failed-tasks.js';
import { asJson, printable } from '../output.js';
import type { CommandContext } from './command.js';

/** Lets the queue, or one tag, pause. */
export async function pause({ queue, out, json }: CommandContext, identifyTag?: string): Promise<void> {
  if (identifyTag === undefined) await queue.queueService.pause();
  else await queue.queueService.pauseTag(identifyTag);
  const what = identifyTag === undefined ? `Queue ${queue.name}` : `Tag ${printable(identifyTag)}`;
  out.write(
    json
      ? asJson({ paused: true, queue: queue.name, identifyTag })
      : `${what} is paused. What runs goes on.\n`,
  );
}

/** Lets the queue, or one tag, go on. */
export async function resume({ queue, out, json }: CommandContext, identifyTag?: string): Promise<void> {
  if (identifyTag === undefined) await queue.queueService.resume();
  else await queue.queueService.resumeTag(identifyTag);
  const what = identifyTag === undefined ? `Queue ${queue.name}` : `Tag ${printable(identifyTag)}`;
  out.write(json ? asJson({ paused: false, queue: queue.name, identifyTag }) : `${what} goes on.\n`);
}

/** Gives failed tasks fresh attempts. */
export async function retryFailed({ queue, out, json }: CommandContext, filter: RetryFilter): Promise<void> {
  const retried = await queue.queueService.retryFailed(filter);
  const said = retried === 0 ? 'No failed task matches' : `Tried again: ${retried}`;
  out.write(json ? asJson({ retried }) : `${said}.\n`);
}
