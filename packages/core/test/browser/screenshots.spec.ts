import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import type { QueueService } from '../../src/index.js';
import { uniqueName } from '../support/redis.js';
import { closeWebApps } from '../support/web-app.js';
import { startBusyQueue } from './support/busy-queue.js';
import { launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

const folder = resolve(import.meta.dirname, '../../../../docs/images');
const isWanted = process.env.AFFINITY_SCREENSHOTS === '1';

const pictures: Readonly<Record<string, BrowserContextOptions & { readonly height?: number }>> = {
  'dashboard-light': { viewport: { width: 1280, height: 1010 }, colorScheme: 'light' },
  'dashboard-dark': { viewport: { width: 1280, height: 1010 }, colorScheme: 'dark' },
  'dashboard-phone': { viewport: { width: 390, height: 800 }, deviceScaleFactor: 1.5, colorScheme: 'light' },
};

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await closeWebApps();
});

/**
 * The pictures of docs/guides/dashboard.md. They are always taken, and kept on request (AFFINITY_SCREENSHOTS=1), after a run that is
 * long enough to be looked at.
 */
it('a busy queue is a picture', async () => {
  const { web, stop } = await startBusyQueue(uniqueName(), false);
  try {
    await takePictures(web.url, web.queue);
  } finally {
    await stop();
  }
}, 150_000);

async function takePictures(url: string, queue: QueueService): Promise<void> {
  const first = await openPage(browser, url);
  await first.page.getByRole('row', { name: /aperture.*paused/ }).waitFor();
  const held = (await queue.queue.getWaiting()).find(({ data }) => data.identifyTag === 'aperture')?.id;
  if (isWanted) await new Promise((passed) => setTimeout(passed, 70_000));
  const complaints: string[] = [...first.complaints];
  for (const [name, options] of Object.entries(pictures)) {
    const { page, complaints: found } = await openPage(browser, url, options);
    await page.getByRole('button', { name: '1 min', exact: true }).click();
    await page.locator('#workers .slots').first().waitFor();
    await page.getByLabel('Id of the task').fill(held!);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('#lookup-result').getByText('aperture').first().waitFor();
    // What was typed into has the focus, and a ring.
    await page.locator('#main').focus();
    await page.evaluate('window.scrollTo(0, 0)');
    const picture = await page.screenshot({ animations: 'disabled' });
    expect(picture.length).toBeGreaterThan(20_000);
    complaints.push(...found);
    if (!isWanted) continue;
    await mkdir(folder, { recursive: true });
    await writeFile(resolve(folder, `${name}.png`), picture);
  }
  expect(complaints).toEqual([]);
}
