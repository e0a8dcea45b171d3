import { UnrecoverableError } from 'bullmq';
import { type QueueService, type WorkerService } from '../../../src/index.js';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { startWebApp, type WebApp } from '../../support/web-app.js';

const companies = [
  ...[
    'acme',
    'globex',
    'initech',
    'umbrella',
    'hooli',
    'vandelay',
    'stark-industries',
    'wayne',
    'wonka',
    'tyrell',
  ],
  ...[
    'cyberdyne',
    'soylent',
    'gringotts',
    'duff',
    'oscorp',
    'massive-dynamic',
    'pied-piper',
    'bluth',
    'sterling',
  ],
];
const types = ['send-email', 'generate-invoice', 'process-data'] as const;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function register(workers: WorkerService): void {
  for (const type of types) {
    workers.registerHandler(type, async ({ ms, fails }: { ms: number; fails?: string }) => {
      await pause(ms);
      if (fails !== undefined) throw new UnrecoverableError(fails);
    });
  }
}

/** Numbers that look random and are the same in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Two applications that work on the tasks of some twenty companies, one of which has most of them. */
export async function startBusyQueue(
  name: string,
  readOnly: boolean,
): Promise<{ web: WebApp; stop: () => Promise<void> }> {
  const queueOptions = { workerOptions: { workerCount: 4, maxBatchSize: 10, shutdownTimeout: 2_000 } };
  const imports = [DashboardModule.register({ allowUnguarded: true, readOnly, title: 'Billing queues' })];
  const web = await startWebApp({ name, imports, queueOptions, register });
  const second = await startWebApp({ name, imports: [], queueOptions, register });
  const random = sequence(7);
  let isOver = false;
  const feeding = (async () => {
    for (let round = 0; !isOver; round += 1) {
      await feed(web.queue, random, round);
      await pause(1_000);
    }
  })();
  const stop = async (): Promise<void> => {
    isOver = true;
    await feeding;
    await web.queue.pause();
    await second.close();
    await web.close();
  };
  return { web, stop };
}

async function feed(queue: QueueService, random: () => number, round: number): Promise<void> {
  const bursts = 3 + Math.round(1.6 + 1.6 * Math.sin(round / 9));
  const tasks = Array.from({ length: bursts }, () => {
    const identifyTag = companies[Math.floor(companies.length * random() ** 1.4)] ?? 'acme';
    const type = types[Math.floor(random() * types.length)] ?? 'send-email';
    return Array.from({ length: 2 + Math.floor(8 * random()) }, () => {
      const fails =
        random() < 0.01 ? 'SMTP 451: the mailbox of the recipient is temporarily unavailable' : undefined;
      return { type, identifyTag, payload: { ms: 100 + 420 * random() ** 2, fails } };
    });
  }).flat();
  await queue.addBulk(tasks);
  if (round === 0) {
    await queue.pauseTag('aperture');
    await queue.addBulk(
      tasks.slice(0, 7).map(({ type }) => ({ type, identifyTag: 'aperture', payload: { ms: 200 } })),
    );
    await queue.addBulk(
      tasks.slice(0, 3).map((task) => ({ ...task, identifyTag: 'umbrella', options: { delay: 900_000 } })),
    );
  }
}
