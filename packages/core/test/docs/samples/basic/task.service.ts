import { Inject, Injectable } from '@nestjs/common';
import { QueueService, Task, getQueueServiceToken } from 'nestjs-affinity-queue';

@Injectable()
export class TaskService {
  constructor(
    private readonly queueService: QueueService,

    @Inject(getQueueServiceToken('high-priority'))
    private readonly highPriorityQueueService: QueueService,
  ) {}

  async addTask() {
    const task: Task = {
      type: 'send-email',
      identifyTag: 'company-123',
      payload: {
        to: 'user@example.com',
        subject: 'Welcome',
      },
    };

    return await this.queueService.add(task);
  }

  async addUrgentTask() {
    const task: Task = {
      type: 'send-email',
      identifyTag: 'company-123',
      payload: { to: 'chief@example.com' },
    };

    return await this.highPriorityQueueService.add(task);
  }
}
