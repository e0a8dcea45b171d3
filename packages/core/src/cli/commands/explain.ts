import type { Locale } from '../../domain/locale.js';
import { CommandFailure, exitCode } from '../exit-codes.js';
import { asJson, printable } from '../output.js';
import type { CommandContext } from './command.js';

/** Why a task is where it is. @throws {@link CommandFailure} where there is no such task */
export async function printExplanation(
  { queue, out, json }: CommandContext,
  jobId: string,
  locale: Locale,
): Promise<void> {
  const explanation = await queue.queueService.explain(jobId);
  const text = explanation.text[locale];
  if (json) out.write(asJson(explanation));
  if (explanation.reason === 'not-found') throw new CommandFailure(text, exitCode.notFound);
  if (json) return;
  const { type, identifyTag, state, reason } = explanation;
  const tag = identifyTag === null ? 'no usable tag' : `tag ${printable(identifyTag)}`;
  out.write(`Task ${printable(jobId)}: ${printable(type ?? '')}, ${tag}\n${state} (${reason})\n${text}\n`);
}
