import { Injectable, Module, type INestApplicationContext, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ElectionService,
  QueueService,
  SchedulerService,
  WorkerService,
  type QueueModuleOptions,
} from '../../src/index.js';
import { AffinityQueueTesting, AffinityQueueTestingModule } from '../../src/testing/index.js';
import type { ContractQueue, ContractSystem } from './system.js';

const stepMs = 5;
const longestMs = 60_000;

let clock = new AffinityQueueTesting().clock;
const applications = new Set<INestApplicationContext>();

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that can, and then a little time pass. */
async function step(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await turn();
  clock.advance(stepMs);
}

/** `AffinityQueueTestingModule`, which runs tasks by itself as Redis would. */
export const inMemory: ContractSystem = {
  async start(options, register) {
    const app = await NestFactory.createApplicationContext(moduleOf(options, register), {
      logger: false,
      abortOnError: false,
    });
    applications.add(app);
    ({ clock } = app.get(AffinityQueueTesting));
    return {
      queue: app.get(QueueService),
      workers: app.get(WorkerService),
      scheduler: app.get(SchedulerService),
      election: app.get(ElectionService),
      close: async () => {
        applications.delete(app);
        await app.close();
      },
    } satisfies ContractQueue;
  },

  async until(what, condition) {
    const endMs = clock.nowMs() + longestMs;
    while (!(await condition())) {
      if (clock.nowMs() > endMs) throw new Error(`Waited ${longestMs} ms in vain until ${what}`);
      await step();
    }
  },

  async settled(promise) {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    while (!isSettled) await step();
    return promise;
  },

  nowMs: () => clock.nowMs(),

  async closeAll() {
    await Promise.all([...applications].map((app) => app.close()));
    applications.clear();
  },
};

function moduleOf(
  options: QueueModuleOptions,
  register: (workers: WorkerService) => void,
): new () => unknown {
  @Injectable()
  class Handlers implements OnModuleInit {
    constructor(private readonly workers: WorkerService) {}

    onModuleInit(): void {
      register(this.workers);
    }
  }

  @Module({
    imports: [AffinityQueueTestingModule.forRoot(options, { autoRun: true })],
    providers: [Handlers],
  })
  class ContractModule {}
  return ContractModule;
}
