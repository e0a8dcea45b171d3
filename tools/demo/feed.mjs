import { ExampleClient, HttpError } from '../scenarios/support/http.mjs';
import { until } from '../scenarios/support/until.mjs';

const CHUNK = 200;
const RETRY_FOR_MS = 30_000;

/**
 * Sends the data set chunk after chunk. A chunk whose request breaks off, because its instance was killed, is sent
 * again: tasks carry their ids, so one that had already arrived is not added twice.
 */
export async function feed(lines, { port, signal, onProgress = () => {} }) {
  const client = new ExampleClient(`http://127.0.0.1:${port}`);
  for (let start = 0; start < lines.length; start += CHUNK) {
    const chunk = lines.slice(start, start + CHUNK);
    await until('the application to take tasks', () => send(client, chunk), {
      deadlineMs: RETRY_FOR_MS,
      signal,
    });
    onProgress(Math.min(start + CHUNK, lines.length));
  }
}

async function send(client, chunk) {
  try {
    await client.addNdjson(chunk);
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status < 500) throw error;
    return false;
  }
}
