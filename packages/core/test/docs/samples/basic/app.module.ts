import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { QueueModule } from 'nestjs-affinity-queue';

@Module({
  imports: [
    ConfigModule.forRoot({
      isGlobal: true,
    }),
    QueueModule.forRoot({
      role: 'BOTH', // 'SCHEDULER' | 'WORKER' | 'BOTH'
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
      electionOptions: {
        electionLockTtl: 30000,
        heartbeatInterval: 10000,
        heartbeatTimeout: 60000,
      },
    }),
    // A second queue.
    QueueModule.forFeature({
      name: 'high-priority',
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
        pendingQueueName: 'high-app-pending-tasks',
        workerQueuePrefix: 'high-app-worker-queue',
        workerStatePrefix: 'high-app-worker-state',
        schedulerInterval: 1000,
      },
      electionOptions: {
        electionLockTtl: 30000,
        heartbeatInterval: 10000,
        heartbeatTimeout: 60000,
      },
    }),
  ],
})
export class AppModule {}
