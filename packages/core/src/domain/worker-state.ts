/**
 * What one worker is doing; also the content of the Redis hash `<workerStatePrefix>:<workerId>`.
 *
 * @publicApi
 */
export interface WorkerState {
  /** Unique, new at every start of a process: `<nodeId>-<n>`. */
  workerId: string;

  /** `running` from the bind of a tag until its release. */
  status: 'idle' | 'running';

  /** The tag whose batch the worker has, `null` while idle. */
  currentIdentifyTag: string | null;

  /** Tasks of the current batch: those that ran, the one that runs, and those that wait on the worker; 0 while idle. */
  currentBatchSize: number;
}
