import { afterEach, describe, expect, it } from '@jest/globals';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { QueueService } from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';
import { closeWebApps, startWebApp, type WebApp } from '../../support/web-app.js';

afterEach(closeWebApps);

/** An application with bull-board beside its routes, as docs/guides/bull-board.md shows it. */
async function start(): Promise<WebApp & { board: string; repair: () => void; open: () => void }> {
  const held = gate();
  let isBroken = true;
  const web = await startWebApp({
    name: uniqueName(),
    imports: [],
    register: (workers) => {
      workers.registerHandler('hold', () => held.promise);
      workers.registerHandler('note', () => {
        if (isBroken) throw new Error('no such mailbox');
        return { status: 'sent' };
      });
    },
    prepare: (app) => {
      const serverAdapter = new ExpressAdapter();
      serverAdapter.setBasePath('/bull-board');
      createBullBoard({ queues: [new BullMQAdapter(app.get(QueueService).queue)], serverAdapter });
      app.use('/bull-board', serverAdapter.getRouter());
    },
  });
  const repair = (): void => void (isBroken = false);
  return { ...web, board: `${web.url}/bull-board`, repair, open: held.open };
}

const ask = async (url: string, method = 'GET'): Promise<any> => {
  const response = await fetch(url, { method });
  expect([200, 204]).toContain(response.status);
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
};

describe('bull-board on queueService.queue', () => {
  it('counts tasks and lists them, wherever they are', async () => {
    const { board, queue, names, open } = await start();
    expect(await (await fetch(`${board}/`)).text()).toMatch(/<html/);
    await queue.pauseTag('paused');
    const running = await queue.add({ type: 'hold', identifyTag: 'busy', payload: 1 });
    await until('it runs', () => running.isActive());
    const indexed = await queue.add({ type: 'note', identifyTag: 'paused', payload: 2 });
    const dispatched = await queue.add({ type: 'hold', identifyTag: 'busy', payload: 3 });
    const failed = await queue.add(
      { type: 'note', identifyTag: 'later', payload: 4 },
      { attempts: 1, delay: 600_000 },
    );
    const page = async (status: string) =>
      (await ask(`${board}/api/queues?activeQueue=${names.root}&status=${status}&page=1`)).queues[0];
    await until('they are taken in', async () => (await queue.getTagStats('paused')).waiting === 1);
    expect((await page('waiting')).counts).toMatchObject({ active: 1, waiting: 2, delayed: 1, failed: 0 });
    const idsOf = async (status: string) =>
      (await page(status)).jobs.map(({ id }: { id: string }) => id).sort();
    expect(await idsOf('waiting')).toEqual([indexed.id, dispatched.id].sort());
    expect(await idsOf('active')).toEqual([running.id]);
    expect(await idsOf('delayed')).toEqual([failed.id]);
    const { job, status } = await ask(`${board}/api/queues/${names.root}/${indexed.id}`);
    expect(status).toBe('waiting');
    expect(job).toMatchObject({ id: indexed.id, name: 'note', data: { identifyTag: 'paused', payload: 2 } });
    open();
    await queue.waitUntilFinished(dispatched, 10_000);
  });

  it('retries a failed task, which goes to the end of its tag', async () => {
    const { board, queue, names, repair } = await start();
    const job = await queue.add({ type: 'note', identifyTag: 'a', payload: 1 }, { attempts: 1 });
    await until('it has failed', () => job.isFailed());
    const shown = await ask(`${board}/api/queues/${names.root}/${job.id}`);
    expect(shown).toMatchObject({ status: 'failed', job: { failedReason: 'no such mailbox' } });
    repair();
    await ask(`${board}/api/queues/${names.root}/${job.id}/retry`, 'PUT');
    await expect(queue.waitUntilFinished(job, 10_000)).resolves.toEqual({ status: 'sent' });
  });

  it('pauses and resumes the queue', async () => {
    const { board, queue, names, repair } = await start();
    repair();
    await ask(`${board}/api/queues/${names.root}/pause`, 'PUT');
    expect((await queue.getQueueStats()).paused).toBe(true);
    const job = await queue.add({ type: 'note', identifyTag: 'a', payload: 1 });
    await until('it is taken in', async () => (await queue.getTagStats('a')).waiting === 1);
    const [shown] = (await ask(`${board}/api/queues`)).queues;
    expect(shown).toMatchObject({ isPaused: true });
    await ask(`${board}/api/queues/${names.root}/resume`, 'PUT');
    await expect(queue.waitUntilFinished(job, 10_000)).resolves.toEqual({ status: 'sent' });
  });

  it('removes a waiting task', async () => {
    const { board, queue, names } = await start();
    await queue.pauseTag('a');
    const job = await queue.add({ type: 'note', identifyTag: 'a', payload: 1 });
    await until('it is taken in', async () => (await queue.getTagStats('a')).waiting === 1);
    await ask(`${board}/api/queues/${names.root}/${job.id}/clean`, 'PUT');
    expect(await queue.getJob(job.id!)).toBeUndefined();
    expect((await queue.getTagStats('a')).waiting).toBe(0);
  });
});
