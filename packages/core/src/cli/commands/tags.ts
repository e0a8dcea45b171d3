import { duration } from '../../observability/messages/explanations/moments.js';
import { ago, asJson, printable, table } from '../output.js';
import type { CommandContext } from './command.js';

/** The tags that have tasks or workers. */
export async function printTags({ queue, out, json }: CommandContext, limit: number): Promise<void> {
  const tags = (await queue.queueService.getTags(limit)).slice(0, limit);
  if (json) {
    out.write(asJson(tags));
    return;
  }
  if (tags.length === 0) {
    out.write('No tag has tasks.\n');
    return;
  }
  const now = Date.now();
  const rows = tags.map((tag) => [
    printable(tag.identifyTag),
    tag.parkedUntil === null ? tag.state : `${tag.state}, tries again in ${duration(tag.parkedUntil - now)}`,
    tag.waiting,
    tag.running,
    ago(tag.waitingSince, now),
    tag.boundTo.join(', ') || '–',
  ]);
  out.write(table(['tag', 'state', 'waiting', 'running', 'oldest added', 'worker'], rows));
  const { tagsWaiting, tagsBound } = await queue.queueService.getQueueStats();
  if (tagsWaiting + tagsBound > tags.length)
    out.write(`${tags.length} of ${tagsWaiting + tagsBound} tags; --limit shows more\n`);
}
