import { Injectable } from '@nestjs/common';
import { QueueService, Task } from 'nestjs-affinity-queue';

@Injectable()
export class AppService {
  constructor(private readonly queueService: QueueService) {}

  async addTask(task: Task) {
    const job = await this.queueService.add(task);
    return {
      message: '任务已添加到队列',
      jobId: job.id,
      task,
    };
  }

  async getQueueStats() {
    return await this.queueService.getQueueStats();
  }
}
