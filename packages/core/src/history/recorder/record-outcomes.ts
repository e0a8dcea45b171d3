import { toldBy } from '../../bullmq/completion-group.js';
import { readStanding } from '../../bullmq/standing.js';
import { ErrorCode } from '../../errors/codes.js';
import type { ScriptCall, ScriptOutcome } from '../../redis/queue-scripts.js';
import type { AttemptOutcome } from '../records.js';
import { errorCodeOf, type QueueRecorder } from './queue-recorder.js';
import type { OpenAttempts } from './record-attempts.js';

interface Ending {
  readonly worker: string;
  readonly task: string;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
}

/** Where the scripts that end attempts have them in their arguments; the heads of the .lua files say the same. */
const endings: Readonly<Record<string, (caller: string, args: readonly unknown[]) => Ending[]>> = {
  commitTask: (worker, args) => [
    ending(worker, args[4], args[0], args[8] === 'failed' ? 'failed' : 'completed'),
  ],
  commitTasks: (_, args) =>
    toldBy(args).map(({ workerId, standing }) => {
      const { id, attempt } = readStanding(standing);
      return ending(workerId, id, attempt, 'completed');
    }),
  buryTask: (worker, args) => [ending(worker, args[4], args[0], 'failed')],
  retryTask: (worker, args) => [
    ending(worker, args[4], args[0], String(args[6]) === '1' ? 'retried' : 'given-back'),
  ],
  delayTask: (worker, args) => [ending(worker, args[6], args[0], 'delayed')],
  awaitChildren: (worker, args) => [ending(worker, args[4], args[0], 'delayed')],
};

function ending(worker: string, task: unknown, attempt: unknown, outcome: AttemptOutcome): Ending {
  return { worker, task: String(task), attempt: Number(attempt), outcome };
}

const refusals: ReadonlySet<string> = new Set([ErrorCode.WorkerFenced, ErrorCode.NotTaskOwner]);

/** @returns what records how the attempts of this call ended; `undefined` for a script that ends none */
export function recordOutcomes(
  script: string,
  { caller = '', args = [] }: ScriptCall,
  history: QueueRecorder,
  attempts: OpenAttempts,
): ((outcome: ScriptOutcome) => void) | undefined {
  const told = endings[script]?.(caller, args);
  if (told === undefined) return undefined;
  for (const { worker, task, attempt, outcome } of told)
    if (outcome === 'delayed') history.record('task.leaving', attempts.get(worker, task, attempt, false));
  return (outcome) => {
    told.forEach((each, index) => {
      const { worker, task, attempt, outcome: how } = each;
      if ('error' in outcome) {
        const error = errorCodeOf(outcome.error);
        const isRefused = refusals.has(error);
        const about = { ...attempts.get(worker, task, attempt, isRefused), outcome: how, error };
        history.record(isRefused ? 'outcome.refused' : 'outcome.unknown', about);
        return;
      }
      const reply = script === 'commitTasks' ? (outcome.reply as unknown[])[index] : outcome.reply;
      // A task that is not plain goes to commitTask next.
      if (reply === notPlain || (script === 'awaitChildren' && reply === 1)) return;
      const known = attempts.get(worker, task, attempt, true);
      if (typeof reply === 'number' && reply < 0)
        history.record('outcome.refused', { ...known, outcome: how, error: String(reply) });
      else history.record('outcome.committed', { ...known, outcome: how });
    });
  };
}

/** `commitTasks` leaves a task that needs BullMQ's own script to `commitTask`. */
const notPlain = -109;
