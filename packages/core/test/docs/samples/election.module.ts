import { Module } from '@nestjs/common';
import { QueueModule } from 'nestjs-affinity-queue';

@Module({
  imports: [
    QueueModule.forRoot({
      role: 'BOTH', // every instance
      electionOptions: {
        electionLockTtl: 30000,
        heartbeatInterval: 10000,
        heartbeatTimeout: 60000,
      },
    }),
  ],
})
export class AppModule {}
