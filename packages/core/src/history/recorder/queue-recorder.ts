import type { RecordFields, RecordType } from '../records.js';
import type { HistoryRecorder } from './history-recorder.js';

/** The history of one queue in one process. */
export class QueueRecorder {
  /** The epoch of the latest term of this instance. */
  epoch: string | undefined;
  /** The epoch of the latest leader that this instance heard of at an election, itself or another one. */
  heardEpoch: string | undefined;
  /** The epoch of the latest term in which this instance has dispatched. */
  dispatchedIn: string | undefined;

  constructor(
    private readonly recorder: HistoryRecorder,
    readonly queue: string,
    readonly node: string,
  ) {}

  record<Type extends RecordType>(type: Type, fields: RecordFields[Type]): void {
    this.recorder.record(type, fields, this.queue);
  }
}

/** The code of a typed error, else its name; never its message, which may hold what an application wrote. */
export function errorCodeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
