import { QueueModule } from 'nestjs-affinity-queue';

export const recommended = QueueModule.forRoot({
  role: 'BOTH',
  workerOptions: {
    maxBatchSize: 10,
    workerCount: 1,
  },
  redisOptions: {
    host: 'localhost',
    port: 6379,
    password: 'your-password',
    db: 0,
  },
  queueOptions: {
    pendingQueueName: 'my-app-pending-tasks',
    workerQueuePrefix: 'my-app-worker-queue',
    workerStatePrefix: 'my-app-worker-state',
    schedulerInterval: 1000,
  },
});
