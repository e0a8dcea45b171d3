import { Controller, Post, Body, Get } from '@nestjs/common';
import { AppService } from './app.service.js';
import { Task } from 'nestjs-affinity-queue';

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Post('tasks')
  async addTask(@Body() task: Task) {
    return await this.appService.addTask(task);
  }

  @Get('queue/stats')
  async getQueueStats() {
    return await this.appService.getQueueStats();
  }
}
