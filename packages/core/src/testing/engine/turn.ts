// Not the global one: a test may have put a fake in its place.
import { setImmediate } from 'node:timers';

/** Lets everything run that is ready to: promises, and what the event loop has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
