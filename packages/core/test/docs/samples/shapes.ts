/** The documented shapes: each must fit the exported type. */
import type {
  Job,
  QueueModuleOptions,
  QueueService,
  Task,
  WorkerService,
  WorkerState,
} from 'nestjs-affinity-queue';

interface DocumentedTask {
  type: string;
  identifyTag: string;
  payload: any;
}

interface DocumentedWorkerState {
  workerId: string;
  status: 'idle' | 'running';
  currentIdentifyTag: string | null;
  currentBatchSize: number;
}

interface DocumentedQueueService {
  add(task: DocumentedTask): Promise<Job>;
  getQueueStats(): Promise<any>;
}

interface DocumentedWorkerService {
  registerHandler(type: string, handler: (payload: any) => unknown): void;
  start(): unknown;
  stop(): unknown;
}

interface DocumentedModuleOptions {
  role: 'SCHEDULER' | 'WORKER' | 'BOTH';
  workerOptions?: {
    maxBatchSize?: number;
    workerCount?: number;
  };
  redisOptions?: {
    host?: string;
    port?: number;
    password?: string;
    db?: number;
  };
  queueOptions?: {
    pendingQueueName?: string;
    workerQueuePrefix?: string;
    workerStatePrefix?: string;
    schedulerInterval?: number;
  };
  electionOptions?: {
    electionLockTtl?: number;
    heartbeatInterval?: number;
    heartbeatTimeout?: number;
  };
}

/** What users hold of one type is accepted where the other one is wanted. */
export interface Shapes {
  taskIn(task: DocumentedTask): Task;
  taskOut(task: Task): DocumentedTask;
  state(state: WorkerState): DocumentedWorkerState;
  queue(service: QueueService): DocumentedQueueService;
  worker(service: WorkerService): DocumentedWorkerService;
  options(options: DocumentedModuleOptions): QueueModuleOptions;
}

export const shapes: Shapes = {
  taskIn: (task) => task,
  taskOut: (task) => task,
  state: (state) => state,
  queue: (service) => service,
  worker: (service) => service,
  options: (options) => options,
};
