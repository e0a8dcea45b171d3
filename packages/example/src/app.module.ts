import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { QueueModule, type QueueRole } from 'nestjs-affinity-queue';
import { QueueHealthModule } from 'nestjs-affinity-queue/health';
import { AppController } from './app.controller.js';
import { AppService } from './app.service.js';
import { GenerateInvoiceHandler } from './handlers/generate-invoice.handler.js';
import { ProcessDataHandler } from './handlers/process-data.handler.js';
import { SendEmailHandler } from './handlers/send-email.handler.js';
import { HealthController } from './health/health.controller.js';
import { RunLog } from './run-log/run-log.service.js';
import { readSettings } from './settings.js';
import { TaskHandlerService } from './task-handler.service.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, validate: readSettings }),
    QueueModule.forRoot({
      role: (process.env.APP_ROLE as QueueRole | undefined) || 'BOTH',
      workerOptions: {
        maxBatchSize: parseInt(process.env.MAX_BATCH_SIZE || '5', 10),
      },
    }),
    QueueHealthModule.register({ maxTagWait: 600_000 }),
  ],
  controllers: [AppController, HealthController],
  providers: [
    AppService,
    TaskHandlerService,
    SendEmailHandler,
    GenerateInvoiceHandler,
    ProcessDataHandler,
    RunLog,
  ],
})
export class AppModule {}
