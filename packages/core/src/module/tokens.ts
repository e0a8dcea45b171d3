import { ElectionService } from '../election/election-service.js';
import { QueueService } from '../producer/queue-service.js';
import { SchedulerService } from '../scheduler/scheduler-service.js';
import { WorkerService } from '../worker/worker-service.js';
import type { InjectionToken } from '@nestjs/common';

/** Class of the service for the root queue, a string of its own for a feature. */
function serviceToken(service: abstract new (...args: never[]) => unknown, name: string | undefined): InjectionToken {
  return name === undefined ? (service as InjectionToken) : featureToken(service.name, name);
}

export function featureToken(what: string, name: string | undefined): string {
  return name === undefined ? `AffinityQueue:${what}` : `AffinityQueue:${what}:${name}`;
}

/** Injection token of the QueueService of a feature; without a name, of the root queue. @publicApi */
export const getQueueServiceToken = (name?: string): InjectionToken => serviceToken(QueueService, name);

/** Injection token of the WorkerService of a feature; without a name, of the root queue. @publicApi */
export const getWorkerServiceToken = (name?: string): InjectionToken => serviceToken(WorkerService, name);

/** Injection token of the SchedulerService of a feature; without a name, of the root queue. @publicApi */
export const getSchedulerServiceToken = (name?: string): InjectionToken => serviceToken(SchedulerService, name);

/** Injection token of the ElectionService of a feature; without a name, of the root queue. @publicApi */
export const getElectionServiceToken = (name?: string): InjectionToken => serviceToken(ElectionService, name);
