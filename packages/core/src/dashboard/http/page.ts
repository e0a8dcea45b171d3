import { createHash } from 'node:crypto';
import { pageHtml, pageScript, pageStyle } from '../generated/page-source.js';

/** The one page: everything is in it, and it is the same for everybody. */
export const page = pageHtml
  .replace('<!-- style -->', () => `<style>${pageStyle}</style>`)
  .replace('<!-- script -->', () => `<script type="module">${pageScript}</script>`);

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing runs or is loaded but what is in the page. */
export const pageHeaders = Object.freeze({
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `script-src ${hashOf(pageScript)}`,
    `style-src ${hashOf(pageStyle)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'SAMEORIGIN',
});
