import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { page, pageHeaders } from './page.js';

const policy = pageHeaders['Content-Security-Policy'];

it('the page has one script and one style, which its policy names, and nothing else', () => {
  const inline = (name: string) => [...page.matchAll(new RegExp(`<${name}[^>]*>([^]*?)</${name}>`, 'g'))];
  for (const [name, directive] of [
    ['script', 'script-src'],
    ['style', 'style-src'],
  ] as const) {
    const found = inline(name);
    expect(found).toHaveLength(1);
    const hash = createHash('sha256').update(found[0]![1]!).digest('base64');
    expect(policy).toContain(`${directive} 'sha256-${hash}'`);
  }
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

it('the page loads nothing from elsewhere and has no handlers in its HTML', () => {
  const html = page.replace(/<(script|style)[^>]*>[^]*?<\/\1>/g, '');
  expect(html).not.toMatch(/\son\w+=|\sstyle=|javascript:/i);
  expect(html).not.toMatch(/\b(src|href)="(?!#|data:image\/svg\+xml)/);
  expect(page).not.toMatch(/@import|url\((?!data:)/);
  expect(page).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\beval\(/);
});

it('every id that the script asks for is in the page, once', () => {
  const asked = new Set([...page.matchAll(/byId\('([\w-]+)'\)/g)].map(([, id]) => id!));
  expect(asked.size).toBeGreaterThan(15);
  for (const id of asked) expect(page.split(`id="${id}"`)).toHaveLength(2);
});
