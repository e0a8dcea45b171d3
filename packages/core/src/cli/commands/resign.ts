import type { LeaderInfo } from '../../election/leader-info.js';
import { duration } from '../../observability/messages/explanations/moments.js';
import { CommandFailure, exitCode } from '../exit-codes.js';
import { asJson } from '../output.js';
import type { CommandContext } from './command.js';

const lookEveryMs = 50;
/** A request can be read by a connection that breaks in that moment; asking again changes nothing. */
const askAgainMs = 1_000;

/**
 * Asks the leader to resign, and waits until another leadership has begun.
 *
 * @throws {@link CommandFailure} where nobody leads, or the leader does not answer
 */
export async function resign({ queue, out, json }: CommandContext, timeoutMs: number): Promise<void> {
  const { electionService } = queue;
  const before = await electionService.getLeader();
  if (before === null) throw new CommandFailure(`Queue ${queue.name} has no leader`, exitCode.notFound);
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  let after: LeaderInfo | null = before;
  for (let askAt = 0; after === null || after.epoch === before.epoch;) {
    if (elapsedMs() > timeoutMs) throw new CommandFailure(whyNot(before, after, timeoutMs));
    // Once it has gone, nobody else is asked.
    if (after !== null && elapsedMs() >= askAt) {
      await electionService.requestResignation(before);
      askAt = elapsedMs() + askAgainMs;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    after = await electionService.getLeader();
  }
  const tookMs = Math.round(elapsedMs());
  const now = `${after.nodeId} leads${after.nodeId === before.nodeId ? ' again: there is no other candidate' : ''}`;
  out.write(
    json
      ? asJson({ resigned: before.nodeId, leader: after, tookMs })
      : `${before.nodeId} resigned; ${now} (after ${duration(tookMs)})\n`,
  );
}

function whyNot(before: LeaderInfo, now: LeaderInfo | null, timeoutMs: number): string {
  return now === null
    ? `${before.nodeId} resigned, and nobody has taken over within ${duration(timeoutMs)}`
    : `${before.nodeId} did not resign within ${duration(timeoutMs)}; if it is frozen, another one takes over when its lock is over`;
}
