import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { Task, type QueueStats } from 'nestjs-affinity-queue';
import { AppService, type AddedTask, type AddedTasks, type TaskReport } from './app.service.js';
import { BulkBodyPipe } from './tasks/bulk-body.pipe.js';
import { taskSchema, type TaskRequest } from './tasks/task.schema.js';

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Post('tasks')
  async addTask(@Body({ schema: taskSchema }) task: Task): Promise<AddedTask> {
    return this.appService.addTask(task);
  }

  /** NDJSON (one task a line) or a JSON array; either all tasks are valid and added, or none is. */
  @Post('tasks/bulk')
  async addTasks(@Body(BulkBodyPipe) tasks: TaskRequest[]): Promise<AddedTasks> {
    return this.appService.addTasks(tasks);
  }

  @Get('tasks/:id')
  async getTask(@Param('id') id: string): Promise<TaskReport> {
    return this.appService.getTask(id);
  }

  @Get('queue/stats')
  async getQueueStats(): Promise<QueueStats> {
    return this.appService.getQueueStats();
  }
}
