import type { InjectionToken } from '@nestjs/common';
import { ElectionService } from '../election/election-service.js';
import { QueueService } from '../producer/queue-service.js';
import { SchedulerService } from '../scheduler/scheduler-service.js';
import { WorkerService } from '../worker/worker-service.js';

/** Unlike names of classes, these words survive a bundler that shortens names. */
type Part =
  | 'QueueService'
  | 'WorkerService'
  | 'SchedulerService'
  | 'ElectionService'
  | 'GivenOptions'
  | 'Options'
  | 'Runtime';

/** Token of a part of a queue: a word of its own for each queue. */
export function partToken(part: Part, name: string | undefined): string {
  return name === undefined ? `AffinityQueue:${part}` : `AffinityQueue:${part}:${name}`;
}

/** Injection token of the QueueService of a feature; without a name, of the root queue. @publicApi */
export const getQueueServiceToken = (name?: string): InjectionToken =>
  name === undefined ? QueueService : partToken('QueueService', name);

/** Injection token of the WorkerService of a feature; without a name, of the root queue. @publicApi */
export const getWorkerServiceToken = (name?: string): InjectionToken =>
  name === undefined ? WorkerService : partToken('WorkerService', name);

/** Injection token of the SchedulerService of a feature; without a name, of the root queue. @publicApi */
export const getSchedulerServiceToken = (name?: string): InjectionToken =>
  name === undefined ? SchedulerService : partToken('SchedulerService', name);

/** Injection token of the ElectionService of a feature; without a name, of the root queue. @publicApi */
export const getElectionServiceToken = (name?: string): InjectionToken =>
  name === undefined ? ElectionService : partToken('ElectionService', name);
