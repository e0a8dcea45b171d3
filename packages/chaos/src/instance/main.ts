/** An application with one queue, as a process of its own. CHAOS_INSTANCE (JSON) tells it what to be. */
import 'reflect-metadata';
import { Module, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ElectionService, QueueModule, QueueService, WorkerService } from 'nestjs-affinity-queue';
import { HistoryModule, QueueHistory } from 'nestjs-affinity-queue/history';
import { Chores } from './chores.js';
import { runStep } from './handler.js';
import { Producer } from './producer.js';
import type { InstanceMessage, InstanceSetup, RequestMessage, RequestName, Requests } from './setup.js';
import { watchStalls } from './stall-watch.js';
import type { Step } from '../workload/workloads.js';

// Before anything else: whoever started this process may be gone while it still starts.
process.on('disconnect', () => process.exit(1));
if (!process.connected) process.exit(1);

const setup = JSON.parse(process.env.CHAOS_INSTANCE ?? '') as InstanceSetup;

let producer: Producer | undefined;
let chores: Chores | undefined;

class Application {}
Module({
  imports: [
    QueueModule.forRoot({ ...setup.options, role: setup.role }),
    HistoryModule.forRoot({ folder: setup.historyFolder }),
  ],
  providers: [
    {
      provide: 'handlers',
      useFactory: (
        workers: WorkerService,
        { queue }: QueueService,
      ): OnModuleInit & BeforeApplicationShutdown => ({
        onModuleInit: () => {
          workers.registerHandler('step', (step: Step, context) => runStep(step, context, queue));
        },
        beforeApplicationShutdown: () => {
          if (producer !== undefined) producer.isOn = false;
          if (chores !== undefined) chores.isOn = false;
        },
      }),
      inject: [WorkerService, QueueService],
    },
  ],
})(Application);

const app = await NestFactory.createApplicationContext(Application, { abortOnError: false });
app.enableShutdownHooks();
// Once only: who listens on is not ended by the signal that Nest sends in the end.
process.once('SIGTERM', () => {
  say({ stopping: true });
});
const { nodeId } = app.get(ElectionService);
if (setup.production !== undefined) {
  producer = new Producer(app.get(QueueService), setup.production, nodeId);
  chores = new Chores(app.get(QueueService));
}
watchStalls(() => app.get(QueueHistory).recorder, nodeId);

const answers: { [Name in RequestName]: (input: Requests[Name]['input']) => void | Promise<void> } = {
  produce: (isOn) => {
    if (producer !== undefined) producer.isOn = isOn;
    if (chores !== undefined) chores.isOn = isOn && setup.production?.hasChores === true;
  },
  block: (ms) => {
    // Stands still without using a processor.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
  resign: () => app.get(ElectionService).resign(),
  depose: async () => void (await app.get(ElectionService).requestResignation()),
  tidy: () => chores?.tidy(),
};

process.on('message', (message) => {
  void answer(message as RequestMessage);
});
say({ ready: nodeId });

async function answer({ id, name, input }: RequestMessage): Promise<void> {
  try {
    await (answers[name] as (value: unknown) => void | Promise<void>)(input);
    say({ id, error: null });
  } catch (error) {
    say({ id, error: String(error) });
  }
}

function say(message: InstanceMessage): void {
  if (process.connected) process.send?.(message);
}
