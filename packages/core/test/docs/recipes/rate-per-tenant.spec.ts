import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, type Type } from '@nestjs/common';
import { QueueService } from '../../../src/index.js';
import { databases } from '../support/environment.js';
import { withRecipe } from '../support/recipe.js';
import { compileBlocks, type CompiledBlocks } from '../support/run-blocks.js';

interface CallRate {
  next(tenant: string, signal: AbortSignal): Promise<void>;
}

let blocks: CompiledBlocks;
let server: Server;
let calls: { path: string; mail: string; id: string; at: number }[];

beforeAll(async () => {
  Logger.overrideLogger(false);
  blocks = compileBlocks('docs/recipes/rate-per-tenant.md');
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { mail } = JSON.parse(body) as { mail: string };
      const id = String(request.headers['idempotency-key']);
      calls.push({ path: request.url!, mail, id, at: Date.now() });
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  blocks.remove();
  await new Promise((resolve) => server.close(resolve));
});

async function withApplication(run: (queue: QueueService, rate: CallRate) => Promise<void>): Promise<void> {
  calls = [];
  const { RateModule } = await blocks.load<{ RateModule: Type }>('rate.module.js');
  const { CallRate } = await blocks.load<{ CallRate: Type<CallRate> }>('call-rate.js');
  const CRM_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await withRecipe(RateModule, { database: databases.ratePerTenant, CRM_URL }, (app) =>
    run(app.get(QueueService), app.get(CallRate)),
  );
}

describe('docs/recipes/rate-per-tenant.md', () => {
  it('spaces the calls of a tenant, in order, and lets other tenants go on', async () => {
    await withApplication(async (queue) => {
      const begin = Date.now();
      const task = (identifyTag: string, mail: string) => ({
        type: 'sync-contact',
        identifyTag,
        payload: { mail },
      });
      const mails = ['1', '2', '3', '4', '5', '6', '7', '8'];
      const jobs = await queue.addBulk([...mails.map((mail) => task('busy', mail)), task('calm', 'only')]);
      for (const job of jobs)
        await expect(queue.waitUntilFinished(job, 20_000)).resolves.toEqual({ status: 201 });

      const busy = calls.filter(({ path }) => path === '/busy/contacts');
      expect(busy.map(({ mail }) => mail)).toEqual(mails);
      expect(busy.map(({ id }) => id)).toEqual(jobs.slice(0, 8).map(({ id }) => id));
      // Two go at once, and each of the six others 200 ms after the one before; clocks are cut to whole ms.
      expect(busy.at(-1)!.at - begin).toBeGreaterThanOrEqual(6 * 200 - 2);
      const calm = calls.find(({ path }) => path === '/calm/contacts');
      expect(calls.indexOf(calm!)).toBeLessThan(calls.indexOf(busy.at(-1)!));
    });
  });

  it('ends a wait when the signal aborts', async () => {
    await withApplication(async (_, rate) => {
      const controller = new AbortController();
      const taken = Array.from({ length: 8 }, () => rate.next('cancelled', controller.signal));
      await taken[0];
      controller.abort(new Error('cancelled'));
      const outcomes = await Promise.allSettled(taken);
      expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(3);
    });
  });
});
