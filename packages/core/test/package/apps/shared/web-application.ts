import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { QueueService, WorkerService } from 'nestjs-affinity-queue';
import { checkHistoryFiles, describeReport } from 'nestjs-affinity-queue/history';
import { webModule } from './web.module.js';

/** Runs a task in a web application, and asks each of its pages. */
export async function useWebApplication(adapter: AbstractHttpAdapter) {
  const folder = await mkdtemp(join(tmpdir(), 'affinity-history-'));
  const app = await NestFactory.create(webModule(folder), adapter, { logger: ['error', 'warn'] });
  try {
    app.get(WorkerService).registerHandler('double', (count: number) => 2 * count);
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const queue = app.get(QueueService);
    const job = await queue.add({ type: 'double', identifyTag: 'company-123', payload: 21 });
    const result: unknown = await queue.waitUntilFinished(job, 30_000);
    const { reason } = await queue.explain(job.id ?? '');
    const stream = await fetch(`${url}/queues/live`);
    const found = {
      ...{ result, reason },
      health: await json(`${url}/health`, 'status'),
      terminus: await json(`${url}/terminus`, 'status'),
      metrics: /affinity_queue_tasks_total\{[^}]*outcome="completed"[^}]*\} \d+/.test(
        await text(`${url}/metrics`),
      ),
      page: /<title>Affinity queues/.test(await text(`${url}/queues`)),
      live: await eventsUntil(stream, 'state'),
      action: (await act(url)).status,
    };
    // While somebody still watches.
    await app.close();
    const report = await checkHistoryFiles(folder);
    return { ...found, history: report.ok ? report.counts.tasks : describeReport(report) };
  } finally {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function json(url: string, field: string): Promise<unknown> {
  const answer = (await (await fetch(url)).json()) as Record<string, unknown>;
  return answer[field] ?? answer;
}

/** The names of the events up to this one. */
async function eventsUntil(stream: Response, last: string): Promise<string[]> {
  const reader = stream.body!.getReader();
  const decoder = new TextDecoder();
  let read = '';
  for (;;) {
    const names = [...read.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name ?? '');
    if (names.includes(last)) return names;
    const { value, done } = await reader.read();
    if (done) return names;
    read += decoder.decode(value, { stream: true });
  }
}

function act(url: string): Promise<Response> {
  return fetch(`${url}/queues/actions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Affinity-Dashboard': '1' },
    body: JSON.stringify({ action: 'pause-queue' }),
  });
}
