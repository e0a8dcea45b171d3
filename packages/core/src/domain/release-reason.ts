/**
 * Why a batch ended: `empty` the tag had no more, `limit` the batch was full, `retry` a task is to be tried again, `paused` the
 * tag was paused, `shutdown` the worker stopped, `lost` the worker lost its lease or was declared dead.
 *
 * @publicApi
 */
export type ReleaseReason = 'empty' | 'limit' | 'retry' | 'paused' | 'shutdown' | 'lost';
