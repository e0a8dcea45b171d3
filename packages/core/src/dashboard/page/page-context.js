import { announce } from './notices.js';
import { change } from './server.js';

/** What the parts of the page share: which queue is shown, and whether anything can be changed. */
export const context = {
  queue: '',
  readOnly: true,
  maxBatchSize: 0,
  heartbeatIntervalMs: 0,
  heartbeatTimeoutMs: 0,
  /** How far back timeline and charts go. */
  shownMs: 300_000,
  /** Shows a task in the look-up. @type {(jobId: string) => void} */
  lookUp: () => undefined,
  /** Reads the failed tasks again. */
  refreshFailures: () => undefined,
};

/** Changes something, with the button out of use meanwhile, and says what became of it. */
export async function act(button, action, say) {
  // Not `disabled`: that would take the focus away from whoever pressed a key.
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  try {
    const { changed } = await change({ queue: context.queue, ...action });
    announce('good', say(changed));
  } catch (error) {
    announce('bad', error.message);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}
