import { QueueModule } from 'nestjs-affinity-queue';

export const applicationA = QueueModule.forRoot({
  role: 'BOTH',
  queueOptions: {
    pendingQueueName: 'app-a-pending-tasks',
    workerQueuePrefix: 'app-a-worker-queue',
    workerStatePrefix: 'app-a-worker-state',
  },
});

export const applicationB = QueueModule.forRoot({
  role: 'BOTH',
  queueOptions: {
    pendingQueueName: 'app-b-pending-tasks',
    workerQueuePrefix: 'app-b-worker-queue',
    workerStatePrefix: 'app-b-worker-state',
  },
});
