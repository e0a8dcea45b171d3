import { Inject } from '@nestjs/common';
import { getQueueServiceToken, getWorkerServiceToken } from './tokens.js';

/** Injects the QueueService of a feature; without a name, of the root queue. @publicApi */
export const InjectQueueService = (name?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getQueueServiceToken(name));

/** Injects the WorkerService of a feature; without a name, of the root queue. @publicApi */
export const InjectWorkerService = (name?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getWorkerServiceToken(name));
