import type { JobState } from 'bullmq';
import type { Locale } from '../../domain/locale.js';
import type {
  ExplanationDetails,
  ExplanationReason,
} from '../../observability/messages/explanations/index.js';

export type {
  ExplanationDetails,
  ExplanationReason,
  WorkerFacts,
} from '../../observability/messages/explanations/index.js';

/** What every explanation has, whatever the reason. @publicApi */
export interface ExplainedTask {
  readonly jobId: string;
  /** As `job.getState()` has it. */
  readonly state: JobState | 'unknown';
  /** `null` for a task that is not there. */
  readonly type: string | null;
  /** `null` for a task that is not there, or has no usable tag. */
  readonly identifyTag: string | null;
  /** The moment of the answer: ms since the epoch by Redis' clock. */
  readonly at: number;
  /** For people. */
  readonly text: Readonly<Record<Locale, string>>;
}

/**
 * Where a task is, and why it is not further. Choose by `reason`, which decides what is in `details`.
 *
 * @publicApi
 */
export type TaskExplanation = {
  [Reason in ExplanationReason]: ExplainedTask & {
    readonly reason: Reason;
    readonly details: Readonly<ExplanationDetails[Reason]>;
  };
}[ExplanationReason];
