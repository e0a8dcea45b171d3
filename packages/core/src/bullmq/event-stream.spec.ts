import { expect, it, jest } from '@jest/globals';
import type { QueueContext } from '../redis/queue-context.js';
import { EventStream } from './event-stream.js';

it('closes without waiting for a Redis that does not answer', async () => {
  const xrevrange = jest.fn(() => new Promise(() => undefined));
  const context = { keys: { base: 'bull:q:' }, hub: { commands: { xrevrange } } };
  const stream = new EventStream(context as unknown as QueueContext, {
    onEvent: () => undefined,
    onError: () => undefined,
  });
  expect(xrevrange).toHaveBeenCalledTimes(1);
  await stream.close();
  await stream.ready;
});
