import { expect, it } from '@jest/globals';
import { foreignOrigin } from './same-origin.js';

const own = {
  'x-affinity-dashboard': '1',
  'content-type': 'application/json; charset=utf-8',
  host: 'app.example:3000',
};
const refusal = (headers: Record<string, string | undefined>) =>
  foreignOrigin({ headers: { ...own, ...headers }, url: '/' });

it.each([
  [{}],
  [{ 'sec-fetch-site': 'same-origin', origin: 'https://proxied.example' }],
  [{ origin: 'http://app.example:3000' }],
])('a change with %j is the page itself, or a program', (headers) => {
  expect(refusal(headers)).toBeUndefined();
});

it.each([
  [{ 'x-affinity-dashboard': undefined }],
  [{ 'x-affinity-dashboard': '0' }],
  [{ 'content-type': 'text/plain' }],
  [{ 'content-type': 'application/jsonp' }],
  [{ 'content-type': undefined }],
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site', origin: 'http://app.example:3000' }],
  [{ origin: 'http://evil.example' }],
  [{ origin: 'null' }],
])('a change with %j is refused', (headers) => {
  expect(refusal(headers)).toEqual(expect.any(String));
});
