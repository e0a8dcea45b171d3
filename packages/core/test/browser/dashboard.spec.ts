import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { DashboardModule } from '../../src/dashboard/index.js';
import type { WorkerService } from '../../src/index.js';
import { uniqueName } from '../support/redis.js';
import { gate, until } from '../support/until.js';
import { closeWebApps, startWebApp, type WebApp } from '../support/web-app.js';
import { launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await closeWebApps();
});
afterAll(() => browser.close());

const start = (readOnly: boolean, register?: (workers: WorkerService) => void): Promise<WebApp> =>
  startWebApp({
    name: uniqueName(),
    imports: [DashboardModule.register({ allowUnguarded: true, readOnly })],
    ...(register && { register }),
  });

/** A script of the page, as text: the tests are compiled for Node. */
const evaluate = (page: Page, script: string): Promise<any> => page.evaluate(script);

describe('the page', () => {
  it('shows leader, workers, tags and what runs, as it happens', async () => {
    const held = gate();
    const web = await start(true, (workers) => workers.registerHandler('hold', () => held.promise));
    const { page, complaints, elsewhere } = await openPage(browser, web.url);
    await page.getByText('No tag has tasks').waitFor();
    await page.getByText('No failed tasks are kept').waitFor();
    await page.getByText(`${web.election.nodeId} became leader`).waitFor();
    const job = await web.queue.add({ type: 'hold', identifyTag: 'company-1', payload: null });
    await web.queue.add({ type: 'hold', identifyTag: 'company-2', payload: null });
    const workers = page.locator('#workers');
    await workers.getByText('company-1').waitFor();
    await workers.getByText('1 of 1').waitFor();
    await workers.getByRole('button', { name: job.id! }).waitFor();
    await page.getByRole('row', { name: /company-2.*ready/ }).waitFor();
    expect(await page.locator('#timeline canvas').getAttribute('aria-label')).toMatch(
      /^1 batch of 1 tag on 1 worker/,
    );
    held.open();
    await page.getByText('No tag has tasks').waitFor();
    await workers.getByText('idle').waitFor();
    expect([complaints, elsewhere]).toEqual([[], []]);
  });

  it('draws the batch of a tag in its colour', async () => {
    const held = gate();
    const web = await start(true, (workers) => workers.registerHandler('hold', () => held.promise));
    const { page } = await openPage(browser, web.url);
    const colors = `(() => {
      const canvas = document.querySelector('#timeline canvas');
      const { width, height } = canvas;
      const data = canvas.getContext('2d').getImageData(width - 3, 0, 1, height).data;
      const found = new Set();
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) found.add([data[i], data[i + 1], data[i + 2]].join());
      return [...found];
    })()`;
    await page.locator('#workers').getByText('idle').waitFor();
    const before = (await evaluate(page, colors)) as string[];
    await web.queue.add({ type: 'hold', identifyTag: 'company-1', payload: null });
    await page.locator('#workers').getByText('company-1').waitFor();
    const drawn = await until(
      'it is drawn',
      async () =>
        ((await evaluate(page, colors)) as string[]).filter((color) => !before.includes(color)).length > 0,
    );
    expect(drawn).toBe(true);
    held.open();
  });

  it('shows any queue of the application', async () => {
    const web = await start(true);
    await web.feature.queue.pauseTag('only in mail');
    const { page } = await openPage(browser, web.url);
    await page.getByText('No tag has tasks').waitFor();
    await page.getByRole('button', { name: 'mail' }).click();
    await page.getByRole('row', { name: /only in mail/ }).waitFor();
    await page.reload();
    await page.getByRole('row', { name: /only in mail/ }).waitFor();
    expect(await page.getByRole('button', { name: 'mail' }).getAttribute('aria-current')).toBe('true');
  });

  it('explains where a task is', async () => {
    const web = await start(true);
    await web.queue.pauseTag('held');
    const { id } = await web.queue.add({ type: 'note', identifyTag: 'held', payload: 'a secret' });
    const { page } = await openPage(browser, web.url);
    const look = page.getByRole('search');
    await look.getByLabel('Id of the task').fill(id!);
    await look.getByRole('button', { name: 'Explain' }).click();
    const answer = page.locator('#lookup-result');
    await answer.getByText('waiting').first().waitFor();
    await answer.getByText('held', { exact: true }).waitFor();
    expect(await page.content()).not.toContain('a secret');
    await look.getByLabel('Id of the task').fill('none');
    await page.keyboard.press('Enter');
    await answer.getByText('State').waitFor({ state: 'detached' });
    expect(await answer.locator('.answer').textContent()).toMatch(/no (such )?task|not there/i);
  });

  it('says that it has lost the application, and is back with it', async () => {
    const web = await start(true);
    const { page } = await openPage(browser, web.url);
    await page.route('**/live*', (route) => route.abort());
    await web.app.getHttpServer().closeAllConnections();
    await page.getByText('Reconnecting').waitFor();
    await page.unroute('**/live*');
    await page.getByText('Live', { exact: true }).waitFor();
  });
});

it('connects again at once when its stream is renewed, and says nothing of it', async () => {
  const web = await start(true);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(`
    window.sources = [];
    window.EventSource = class extends EventSource {
      constructor(url) {
        super(url);
        sources.push(this);
      }
    };
    window.states = [];
    addEventListener('DOMContentLoaded', () => {
      const place = document.getElementById('connection');
      new MutationObserver(() => states.push(place.dataset.state)).observe(place, { attributes: true });
    });`);
  await page.goto(`${web.url}/queues`);
  await page.getByText('Live', { exact: true }).waitFor();
  await evaluate(page, `states = [], sources[0].dispatchEvent(new Event('renew'))`);
  const renewed = `sources[1].addEventListener('state', () => (window.isRenewed = true)), true`;
  expect(await evaluate(page, renewed)).toBe(true);
  await until('the new stream tells more', () => evaluate(page, 'window.isRenewed'));
  expect(await evaluate(page, '[sources.length, sources[0].readyState]')).toEqual([2, 2]);
  expect(((await evaluate(page, 'states')) as string[]).filter((state) => state !== 'live')).toEqual([]);
});

describe('what comes from tasks', () => {
  it('is text, whatever it looks like', async () => {
    const hostile = [
      '<img src=x onerror="window.hacked=1">',
      '"><script>window.hacked=1</script>',
      "javascript:window.hacked=1//'",
      '</style><svg onload=window.hacked=1>',
      '__proto__',
      '{{constructor.constructor("window.hacked=1")()}}',
      'مرحبا \u202e evil \u0000 😀',
    ];
    const web = await start(false, (workers) => {
      for (const type of hostile)
        workers.registerHandler(type, () => {
          throw new Error(type);
        });
    });
    await web.queue.addBulk(
      hostile.map((text) => ({ type: text, identifyTag: text, payload: text, options: { attempts: 1 } })),
    );
    await until('they have failed', async () => (await web.queue.getQueueStats()).failed === hostile.length);
    for (const text of hostile) await web.queue.pauseTag(text);
    const { page, complaints, elsewhere } = await openPage(browser, web.url);
    for (const text of hostile) {
      // Tags also without what would turn the direction of the rest.
      const shown = text.replace('\u0000', '').replace('\u202e', '');
      await until(`${shown} is in every place`, async () => {
        const texts: string = (await page.locator('main').allTextContents()).join('');
        return texts.replaceAll(/[\p{Cc}\u202e\ufffd]/gu, '').split(shown).length > 4;
      });
    }
    expect(await evaluate(page, 'window.hacked')).toBeUndefined();
    expect(await evaluate(page, 'document.querySelectorAll("main img, main script, main svg").length')).toBe(
      0,
    );
    expect([complaints, elsewhere]).toEqual([[], []]);
  });

  it('could not run even if it were HTML: the policy refuses it', async () => {
    const web = await start(true);
    const { page, complaints } = await openPage(browser, web.url);
    const tries = [
      `document.body.innerHTML = '<img src=x onerror="window.hacked=1">'`,
      `document.body.append(Object.assign(document.createElement('script'), { text: 'window.hacked=1' }))`,
      `document.body.setAttribute('onclick', 'window.hacked=1')`,
    ];
    for (const script of tries) await evaluate(page, `try { ${script} } catch { }`);
    await page.locator('body').click();
    expect(await evaluate(page, 'window.hacked')).toBeUndefined();
    expect(complaints.length).toBeGreaterThan(0);
  });
});

describe('changes', () => {
  it('are not offered on a read-only page', async () => {
    const web = await start(true);
    await web.queue.pauseTag('held');
    const { page } = await openPage(browser, web.url);
    await page.getByRole('row', { name: /held/ }).waitFor();
    await page.getByText('Read-only').waitFor();
    expect(await page.getByRole('button', { name: /pause|resume|retry|remove/i }).count()).toBe(0);
  });

  it('pause and resume queue and tag, by keyboard alone', async () => {
    const web = await start(false);
    await web.queue.pauseTag('held');
    const { page, complaints } = await openPage(browser, web.url);
    const pressed = async (name: string): Promise<void> => {
      const button = page.getByRole('button', { name, exact: true });
      await button.waitFor();
      await reach(page, name);
      await page.keyboard.press('Enter');
    };
    await pressed('Pause queue');
    await page.getByText('This queue is paused').waitFor();
    expect((await web.queue.getQueueStats()).paused).toBe(true);
    await pressed('Resume queue');
    await page.getByText('This queue is paused').waitFor({ state: 'detached' });
    await pressed('Resume tag held');
    await page.getByText('Resumed tag held').waitFor();
    expect((await web.queue.getTagStats('held')).paused).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('leave the keyboard where it was, whatever becomes of the rows', async () => {
    const web = await start(false, (workers) =>
      workers.registerHandler('note', () => {
        throw new Error('no such mailbox');
      }),
    );
    const tasks = ['a', 'b', 'c'].map((identifyTag) => ({ type: 'note', identifyTag, payload: 1 }));
    await web.queue.addBulk(tasks.map((task) => ({ ...task, options: { attempts: 1 } })));
    await until('they have failed', async () => (await web.queue.getQueueStats()).failed === 3);
    await web.queue.pauseTag('held');
    await web.queue.pauseTag('kept');
    const { page } = await openPage(browser, web.url);
    const press = async (name: string | RegExp): Promise<string> => {
      const button = page.getByRole('button', { name, exact: true }).first();
      const label = (await button.getAttribute('aria-label')) ?? (await button.textContent())!;
      await button.focus();
      await page.keyboard.press('Enter');
      return label;
    };
    const isAt = (name: string): Promise<true | undefined> =>
      until(`the focus is on ${name}`, async () => (await evaluate(page, focused)) === name || undefined);

    await press('Pause queue');
    await isAt('Resume queue');
    // Other rows come before it.
    const kept = page.getByRole('button', { name: 'Resume tag kept', exact: true });
    await kept.focus();
    await web.queue.addBulk(
      ['x', 'y'].map((identifyTag) => ({ type: 'note', identifyTag, payload: 1, options: { attempts: 1 } })),
    );
    await page.getByRole('row', { name: /^x\s/ }).waitFor();
    await isAt('Resume tag kept');
    // Its own row goes away.
    await press('Resume tag kept');
    await page.getByText('Resumed tag kept').waitFor();
    await page.getByRole('row', { name: /kept/ }).waitFor({ state: 'detached' });
    expect(await evaluate(page, focused)).toMatch(/^(Pause|Resume) tag /);

    for (const left of [2, 1]) {
      const label = await press(/^Remove task/);
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: label }).waitFor({ state: 'detached' });
      expect(await page.getByRole('button', { name: /^Remove task/ }).count()).toBe(left);
      expect(await evaluate(page, focused)).toMatch(/^Remove task/);
    }
    await press(/^Remove task/);
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('No failed tasks are kept').waitFor();
    await isAt('Failed tasks');
  });

  it('say what became of them, wherever the page is scrolled to', async () => {
    const web = await start(false);
    await web.queue.pauseTag('held');
    const { page } = await openPage(browser, web.url, { viewport: { width: 800, height: 400 } });
    await page.getByRole('button', { name: 'Resume tag held' }).click();
    await page.getByText('Resumed tag held').waitFor();
    const place = await page.getByText('Resumed tag held').boundingBox();
    expect(await evaluate(page, 'window.scrollY')).toBeGreaterThan(400);
    expect(place!.y).toBeGreaterThan(0);
    expect(place!.y + place!.height).toBeLessThanOrEqual(400);
  });

  it('retry and remove failed tasks; removing asks first', async () => {
    let isBroken = true;
    const web = await start(false, (workers) =>
      workers.registerHandler('note', () => {
        if (isBroken) throw new Error('no such mailbox');
      }),
    );
    const tasks = ['a', 'b', 'c'].map((identifyTag) => ({ type: 'note', identifyTag, payload: 1 }));
    const jobs = await web.queue.addBulk(tasks.map((task) => ({ ...task, options: { attempts: 1 } })));
    await until('they have failed', async () => (await web.queue.getQueueStats()).failed === 3);
    isBroken = false;
    const { page, complaints } = await openPage(browser, web.url);
    const failures = page.locator('#failures');
    await failures.getByText('no such mailbox').first().waitFor();
    await page.getByRole('button', { name: `Retry task ${jobs[0]!.id}` }).click();
    await failures.getByRole('button', { name: jobs[0]!.id!, exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Remove task ${jobs[1]!.id}` }).click();
    await page.keyboard.press('Escape');
    expect(await jobs[1]!.isFailed()).toBe(true);
    await page.getByRole('button', { name: `Remove task ${jobs[1]!.id}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await failures.getByRole('button', { name: jobs[1]!.id!, exact: true }).waitFor({ state: 'detached' });
    expect(await web.queue.getJob(jobs[1]!.id!)).toBeUndefined();
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry all' }).click();
    await page.getByText('No failed tasks are kept').waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('for everybody', () => {
  it.each(['light', 'dark'] as const)('texts have contrast in %s colours', async (colorScheme) => {
    const web = await start(false, (workers) =>
      workers.registerHandler('note', () => {
        throw new Error('no such mailbox');
      }),
    );
    await web.queue.add({ type: 'note', identifyTag: 'a', payload: 1 }, { attempts: 1 });
    await until('it has failed', async () => (await web.queue.getQueueStats()).failed === 1);
    await web.queue.pauseTag('held');
    await web.queue.pause();
    const { page } = await openPage(browser, web.url, { colorScheme });
    await page.locator('#failures').getByText('no such mailbox').waitFor();
    await page.getByText('This queue is paused').waitFor();
    const weak = await evaluate(page, contrasts);
    expect(weak).toEqual([]);
    const back = (await evaluate(page, 'getComputedStyle(document.body).backgroundColor')) as string;
    expect(Number(/\d+/.exec(back)![0]) > 128).toBe(colorScheme === 'light');
  });

  it('fits a phone', async () => {
    const web = await start(false);
    await web.queue.pauseTag('a tag with a name that is far longer than a phone is wide '.repeat(3));
    const { page } = await openPage(browser, web.url, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    await page.locator('#tags').getByText('a tag with a name').waitFor();
    expect(await evaluate(page, 'document.documentElement.scrollWidth')).toBe(360);
    const low = `[...document.querySelectorAll('main button')].filter((one) => one.offsetHeight > 0 && one.className.includes('button') && one.offsetHeight < 34).map((one) => one.textContent)`;
    expect(await evaluate(page, low)).toEqual([]);
  });

  it('has a name for every control, a heading for every part, and one way through all of it', async () => {
    const web = await start(false);
    await web.queue.pauseTag('held');
    const { page } = await openPage(browser, web.url);
    await page.getByRole('row', { name: /held/ }).waitFor();
    const nameless = `[...document.querySelectorAll('button, input, canvas, section, nav, table')]
      .filter((one) => !(one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim() || one.getAttribute('aria-labelledby')))
      .map((one) => one.outerHTML)`;
    expect(await evaluate(page, nameless)).toEqual([]);
    const missing = `[...document.querySelectorAll('[aria-labelledby]')].filter((one) => !document.getElementById(one.getAttribute('aria-labelledby'))).length`;
    expect(await evaluate(page, missing)).toBe(0);
    const names: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      await page.keyboard.press('Tab');
      names.push((await evaluate(page, focused)) as string);
    }
    expect(names.slice(0, 8)).toEqual([
      'Skip to the content',
      'root',
      'mail',
      'Pause queue',
      '1 min',
      '5 min',
      '10 min',
      'Id of the task',
    ]);
    const ring = (await evaluate(page, 'getComputedStyle(document.activeElement).outlineStyle')) as string;
    expect(ring).toBe('solid');
  });
});

const focused = `(document.activeElement.getAttribute('aria-label') || document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent)`;

async function reach(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    if ((await evaluate(page, focused)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key does not lead to "${name}"`);
}

/** Texts whose colour is too near that of what is behind them (WCAG AA: 4.5, large ones 3). */
const contrasts = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const part = [r, g, b].map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const one of document.querySelectorAll('body *')) {
    const hasText = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    const style = getComputedStyle(one);
    if (!hasText || one.offsetHeight === 0 || one.matches('script, style, :disabled')) continue;
    const [a, b] = [luminance(parse(style.color)), luminance(behind(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const isLarge = Number.parseFloat(style.fontSize) >= 18.66;
    if (ratio < (isLarge ? 3 : 4.5)) weak.push(one.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return weak;
})()`;
