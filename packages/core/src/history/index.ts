/**
 * Writes down what an application does with its queues, and checks it. Guide: docs/guides/history.md.
 *
 * @module nestjs-affinity-queue/history
 */
export { HistoryModule, QueueHistory } from './recorder/history.module.js';
export { HistoryRecorder, type HistoryRecorderOptions } from './recorder/history-recorder.js';
export { readHistory, type HistoryDamage } from './read-history.js';
export { readWitness } from './read-witness.js';
export { checkHistory, type HistoryToCheck } from './checker/check-history.js';
export { checkHistoryFiles } from './checker/check-files.js';
export { aftermathMs, type Leases } from './checker/aftermath.js';
export { Circumstances } from './checker/circumstances.js';
export { describeReport } from './checker/describe-report.js';
export {
  invariants,
  type Evidence,
  type ExplainedOverlap,
  type Failovers,
  type HistoryReport,
  type Invariant,
  type Undecided,
  type Violation,
} from './checker/report.js';
export {
  historyVersion,
  type AttemptFields,
  type AttemptOutcome,
  type FaultKind,
  type HistoryRecord,
  type RecordFields,
  type RecordOf,
  type RecordStamp,
  type RecordType,
} from './records.js';
export { decodeWitness, type WitnessEntry, type WitnessType } from './witness.js';
