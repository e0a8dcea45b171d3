import { epochOf, nodeIdOf } from '../../domain/lock-value.js';
import { ErrorCode } from '../../errors/codes.js';
import type { ScriptCall, ScriptOutcome } from '../../redis/queue-scripts.js';
import { monotonicUs } from './history-recorder.js';
import { errorCodeOf, type QueueRecorder } from './queue-recorder.js';

type Told = (outcome: ScriptOutcome) => void;

/** Scripts that a leader's epoch stands before. */
const actions: ReadonlySet<string> = new Set(['dispatch', 'recoverWorker', 'setLimits']);

/** @returns what records how this script of the election or of a leader went; `undefined` for any other one */
export function recordLeadership(
  script: string,
  { caller = '', args = [] }: ScriptCall,
  history: QueueRecorder,
): Told | undefined {
  const { node } = history;
  const sentAt = monotonicUs();
  if (script === 'acquireLeadership') {
    return accepted((reply) => {
      const [won, lockValue] = reply as [number, string];
      history.heardEpoch = epochOf(lockValue);
      if (won !== 1) return;
      history.epoch = history.heardEpoch;
      history.record('leadership.gained', { node, epoch: history.epoch, sentAt });
    });
  }
  if (script === 'reportDeath') {
    return accepted((reply) => {
      const [, , lockValue] = reply as [number, number, string];
      if (lockValue === '') return;
      history.record('leadership.lost', {
        node: nodeIdOf(lockValue),
        epoch: epochOf(lockValue),
        reason: 'died',
      });
    });
  }
  const about = { node, epoch: epochOf(caller) };
  const sent = { ...about, sentAt };
  if (script === 'renewLeadership') {
    const renewed = accepted(() => {
      history.record('leadership.renewed', sent);
    });
    return refusedOr(renewed, () => {
      history.record('leadership.lost', { ...about, reason: 'refused' });
    });
  }
  if (script === 'resignLeadership') {
    return accepted(() => {
      history.record('leadership.lost', { ...about, reason: 'resigned' });
    });
  }
  if (!actions.has(script)) return undefined;
  return refusedOr(acted(script, args, sent, history), () => {
    history.record('leader.refused', { ...about, script });
  });
}

function acted(
  script: string,
  args: readonly unknown[],
  sent: { node: string; epoch: string; sentAt: number },
  history: QueueRecorder,
): Told {
  return accepted((reply) => {
    if (script === 'recoverWorker') {
      if (typeof reply !== 'number' || reply < 0) return;
      const { epoch, sentAt } = sent;
      history.record('worker.recovered', { worker: String(args[0]), epoch, sentAt, count: reply });
      return;
    }
    const bound = script === 'dispatch' ? (reply as number[])[1] : undefined;
    // Most rounds find nothing to do. That the first one of a term does, says what it was left with.
    const isFirst = bound !== undefined && history.dispatchedIn !== sent.epoch;
    if (bound !== undefined) history.dispatchedIn = sent.epoch;
    if (bound !== 0 || isFirst)
      history.record('leader.acted', { ...sent, script, ...(bound !== undefined && { bound }) });
  });
}

function accepted(told: (reply: unknown) => void): Told {
  return (outcome) => {
    if ('reply' in outcome) told(outcome.reply);
  };
}

function refusedOr(otherwise: Told, refused: () => void): Told {
  return (outcome) => {
    if ('error' in outcome && errorCodeOf(outcome.error) === ErrorCode.StaleLeader) refused();
    else otherwise(outcome);
  };
}
