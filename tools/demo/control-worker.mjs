/** One process of the control run: plain BullMQ workers, with the handlers of the example application. */
import { randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { GenerateInvoiceHandler } from '../../packages/example/dist/handlers/generate-invoice.handler.js';
import { ProcessDataHandler } from '../../packages/example/dist/handlers/process-data.handler.js';
import { SendEmailHandler } from '../../packages/example/dist/handlers/send-email.handler.js';
import { RunLog } from '../../packages/example/dist/run-log/run-log.service.js';
import { CONTROL_QUEUE } from './control-queue.mjs';

const { env } = process;
const config = { get: (name) => env[name] };
const handlers = {
  'send-email': new SendEmailHandler(config),
  'generate-invoice': new GenerateInvoiceHandler(config),
  'process-data': new ProcessDataHandler(config),
};
const runLog = new RunLog(config);

const workers = Array.from({ length: Number(env.WORKER_COUNT) }, (_, index) =>
  startWorker(`control-${process.pid}-${index + 1}`),
);
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
process.once('SIGTERM', stop);
// The demo is gone: nobody else would stop this process.
process.once('disconnect', stop);
process.send('ready');

function startWorker(workerId) {
  return new Worker(
    CONTROL_QUEUE,
    ({ id, data: { type, identifyTag, payload } }, _token, signal) => {
      // Without affinity each task is a batch of its own.
      const run = {
        job: { id },
        identifyTag,
        workerId,
        attempt: 1,
        batchPosition: 1,
        fencingToken: randomUUID(),
        signal,
      };
      return runLog.around(type, payload, run, () => handlers[type].handle(payload, run));
    },
    { connection: { url: env.REDIS_URL }, concurrency: 1 },
  );
}

async function stop() {
  await Promise.all(workers.map((worker) => worker.close()));
  handlers['send-email'].onApplicationShutdown();
  process.exit();
}
