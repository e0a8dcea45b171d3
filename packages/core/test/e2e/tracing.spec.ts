import { context, propagation, SpanKind, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import { InvalidOptionsError } from '../../src/index.js';
import { closeAll, startInstance } from '../support/calm.js';
import { testRedisUrl, uniqueName } from '../support/redis.js';
import { until } from '../support/until.js';
import { runInChild } from './module/support/child-process.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
});
beforeEach(() => {
  exporter.reset();
});
afterEach(closeAll);
afterAll(async () => {
  await provider.shutdown();
  trace.disable();
  propagation.disable();
  context.disable();
});

const telemetry = () => new BullMQOtel({ tracerName: 'test' });
const note = (identifyTag: string, type = 'note') => ({ type, identifyTag, payload: null });

function spans(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name.startsWith(name));
}

/** Runs within a span of the application, as an HTTP request has one. */
async function inRequest<T>(run: (span: Span) => Promise<T>): Promise<T> {
  return trace.getTracer('app').startActiveSpan('request', async (span) => {
    try {
      return await run(span);
    } finally {
      span.end();
    }
  });
}

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan) => span.spanContext().spanId;
const ms = ([seconds, nanos]: [number, number]) => seconds * 1_000 + nanos / 1e6;

describe('a trace', () => {
  it('leads from add through dispatch to the handler, and on to what the handler adds', async () => {
    const name = uniqueName();
    const worker = await startInstance({ name, telemetry: telemetry() }, (workers) => {
      workers.registerHandler('note', async () => {
        await worker.queue.add(note('b', 'next'));
        return 'done';
      });
      workers.registerHandler('next', () => Promise.reject(new Error('no')));
    });
    const producer = await startInstance({ name, role: 'PRODUCER', telemetry: telemetry() });
    const { job, traceId } = await inRequest(async (span) => ({
      job: await producer.queue.add(note('a')),
      traceId: span.spanContext().traceId,
    }));
    await producer.queue.waitUntilFinished(job, 10_000);
    await until('the second one has been tried', () => spans('process').length >= 2);

    const add = spans('add').find((span) => span.attributes['bullmq.job.id'] === job.id)!;
    const dispatch = spans('dispatch').find((span) => span.attributes['bullmq.job.id'] === job.id)!;
    const run = spans('process').find((span) => span.attributes['bullmq.job.id'] === job.id)!;
    for (const span of [add, dispatch, run]) expect(span.spanContext().traceId).toBe(traceId);
    expect(parentOf(dispatch)).toBe(idOf(add));
    expect(parentOf(run)).toBe(idOf(dispatch));
    expect([add.kind, run.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    expect(run.attributes).toMatchObject({
      'bullmq.queue.name': `${name}-pending`,
      'bullmq.job.name': 'note',
      'affinity.identify_tag': 'a',
      'affinity.attempt': 1,
      'affinity.batch.position': 1,
      'bullmq.worker.name': worker.workers.getWorkerStates()[0]!.workerId,
    });
    expect(ms(dispatch.startTime)).toBeGreaterThanOrEqual(job.timestamp - 1);
    expect(ms(dispatch.endTime)).toBeLessThanOrEqual(ms(run.startTime) + 5);

    const nextAdd = spans('add').find((span) => span.attributes['bullmq.job.name'] === 'next')!;
    expect(parentOf(nextAdd)).toBe(idOf(run));
    const failed = spans('process').find((span) => span.attributes['bullmq.job.name'] === 'next')!;
    expect(failed.spanContext().traceId).toBe(traceId);
    expect(failed.events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'no' } }]);
  });

  it('has every task of addBulk, and every attempt', async () => {
    const name = uniqueName();
    const instance = await startInstance({ name, telemetry: telemetry() }, (workers) => {
      workers.registerHandler('note', (_, { attempt }) => {
        if (attempt === 1) throw new Error('again');
      });
    });
    const jobs = await inRequest(() =>
      instance.queue.addBulk([note('a'), note('b')].map((task) => ({ ...task, options: { backoff: 1 } }))),
    );
    for (const job of jobs) await instance.queue.waitUntilFinished(job, 10_000);
    const [bulk] = spans('addBulk');
    expect(spans('process')).toHaveLength(4);
    for (const span of spans('process')) expect(span.spanContext().traceId).toBe(bulk!.spanContext().traceId);
    expect(
      spans('process')
        .map((span) => span.attributes['affinity.attempt'])
        .sort(),
    ).toEqual([1, 1, 2, 2]);
  });

  it('crosses processes', async () => {
    const name = uniqueName();
    const producer = await startInstance({ name, role: 'PRODUCER', telemetry: telemetry() });
    const { job, traceId } = await inRequest(async (span) => ({
      job: await producer.queue.add(note('a')),
      traceId: span.spanContext().traceId,
    }));
    const { code, said, stderr } = await runInChild(
      `
      import { context, propagation, trace } from '@opentelemetry/api';
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
      import { W3CTraceContextPropagator } from '@opentelemetry/core';
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
      import { BullMQOtel } from 'bullmq-otel';
      const exporter = new InMemorySpanExporter();
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
      const telemetry = new BullMQOtel({ tracerName: 'child' });
      const app = await NestFactory.createApplicationContext(moduleOf([QueueModule.forRoot({ telemetry })]), { logger: false });
      app.get(WorkerService).registerHandler('note', () => trace.getActiveSpan()?.spanContext().traceId);
      emit(await app.get(QueueService).waitUntilFinished('${job.id}', 10_000));
      await app.close();
      emit(exporter.getFinishedSpans().map(({ name, ...span }) => [name, span._spanContext?.traceId]));
      `,
      {
        env: {
          REDIS_URL: testRedisUrl(),
          PENDING_QUEUE_NAME: `${name}-pending`,
          WORKER_QUEUE_PREFIX: `${name}-worker`,
          WORKER_STATE_PREFIX: `${name}-state`,
        },
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The handler saw the trace of the request that added its task in another process.
    expect(said[0]).toBe(traceId);
    const child = new Map<string, string>(said[1]);
    expect(child.get(`dispatch ${name}-pending`)).toBe(traceId);
    expect(child.get(`process ${name}-pending`)).toBe(traceId);
  });

  it('that cannot be read fails no task, and one that is left out begins at the worker', async () => {
    const name = uniqueName();
    const instance = await startInstance({ name, telemetry: telemetry() }, (workers) => {
      workers.registerHandler('note', () => 'done');
    });
    const foreign = new Queue(`${name}-pending`, { connection: { url: testRedisUrl() } });
    const broken = await foreign.add('note', { identifyTag: 'a' }, { telemetry: { metadata: 'no json' } });
    const plain = await foreign.add('note', { identifyTag: 'a' });
    await foreign.close();
    for (const job of [broken, plain])
      expect(await instance.queue.waitUntilFinished(job.id!, 10_000)).toBe('done');
    expect(new Set(spans('process').map((span) => span.spanContext().traceId)).size).toBe(2);
  });

  it('needs what can trace', async () => {
    const starting = startInstance({ name: uniqueName(), telemetry: { tracer: {} } as never });
    await expect(starting).rejects.toThrow(InvalidOptionsError);
    await expect(starting).rejects.toThrow(/telemetry/);
  });
});
