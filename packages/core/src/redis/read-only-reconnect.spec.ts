import { expect, it } from '@jest/globals';
import { reconnectWhenReadOnly } from './read-only-reconnect.js';

const readOnly = new Error(
  "READONLY You can't write against a read only replica. script: 5f, on @user_script:1.",
);

it('reconnects when a write is refused by a replica, and not for every such write', () => {
  let nowMs = 0;
  const reconnects = reconnectWhenReadOnly(() => nowMs);
  expect(reconnects(readOnly)).toBe(true);
  nowMs = 4_999;
  expect(reconnects(readOnly)).toBe(false);
  nowMs = 5_000;
  expect(reconnects(readOnly)).toBe(true);
});

it.each(['OOM command not allowed', 'ERR no such key READONLY', 'NOSCRIPT'])('does not for %j', (message) => {
  expect(reconnectWhenReadOnly()(new Error(message))).toBe(false);
});
