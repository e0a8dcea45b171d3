import { Inject, Injectable, OnModuleInit, Optional } from '@nestjs/common';
import { WorkerService, getWorkerServiceToken } from 'nestjs-affinity-queue';

@Injectable()
export class TaskHandlerService implements OnModuleInit {
  constructor(
    private readonly workerService: WorkerService,
    @Optional()
    @Inject(getWorkerServiceToken('high-priority'))
    private readonly highPriorityWorkerService: WorkerService,
  ) {}

  async onModuleInit() {
    this.registerHandlers();
  }

  private registerHandlers() {
    this.workerService.registerHandler('send-email', this.handleSendEmail.bind(this));

    this.workerService.registerHandler('generate-invoice', this.handleGenerateInvoice.bind(this));

    this.workerService.registerHandler('process-data', this.handleProcessData.bind(this));

    this.highPriorityWorkerService?.registerHandler('send-email', this.handleSendEmail.bind(this));
  }

  private async handleSendEmail(payload: any) {
    console.log('email:', payload);
    return { status: 'sent', messageId: `MSG-${Date.now()}` };
  }

  private async handleGenerateInvoice(payload: any) {
    console.log('invoice:', payload);
    return { status: 'generated', invoiceId: `INV-${Date.now()}` };
  }

  private async handleProcessData(payload: any) {
    console.log('data:', payload);
    return { status: 'completed', processId: `PROC-${Date.now()}` };
  }
}
