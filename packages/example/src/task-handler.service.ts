import { Injectable, type OnModuleInit } from '@nestjs/common';
import { WorkerService, type TaskContext } from 'nestjs-affinity-queue';
import { GenerateInvoiceHandler } from './handlers/generate-invoice.handler.js';
import { ProcessDataHandler } from './handlers/process-data.handler.js';
import { SendEmailHandler } from './handlers/send-email.handler.js';
import type { TaskHandler } from './handlers/task-handler.js';
import { RunLog } from './run-log/run-log.service.js';

@Injectable()
export class TaskHandlerService implements OnModuleInit {
  constructor(
    private readonly workerService: WorkerService,
    private readonly sendEmail: SendEmailHandler,
    private readonly generateInvoice: GenerateInvoiceHandler,
    private readonly processData: ProcessDataHandler,
    private readonly runLog: RunLog,
  ) {}

  onModuleInit(): void {
    this.register('send-email', this.sendEmail);
    this.register('generate-invoice', this.generateInvoice);
    this.register('process-data', this.processData);
  }

  private register(type: string, handler: TaskHandler): void {
    this.workerService.registerHandler(type, (payload: unknown, context: TaskContext) =>
      this.runLog.around(type, payload, context, () => handler.handle(payload, context)),
    );
  }
}
