import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import {
  InjectQueueService,
  QueueModule,
  QueueService,
  WorkerService,
  type TaskContext,
} from 'nestjs-affinity-queue';

@Injectable()
export class MailHandler implements OnModuleInit {
  constructor(
    private readonly workerService: WorkerService,
    readonly queueService: QueueService,
    @InjectQueueService('urgent') readonly urgent: QueueService,
  ) {}

  onModuleInit(): void {
    this.workerService.registerHandler('send-email', (payload: { to: string }, context: TaskContext) => ({
      status: `sent to ${payload.to} of ${context.identifyTag}`,
    }));
  }
}

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
    QueueModule.forRoot({ workerOptions: { workerCount: 2 }, locale: 'en' }),
    QueueModule.forFeature({ name: 'urgent' }),
  ],
  providers: [MailHandler],
})
export class AppModule {}
