const TIMEOUT_MS = 30_000;

/** The example application's HTTP API. */
export class ExampleClient {
  /** @param {string} baseUrl e.g. http://127.0.0.1:3000 */
  constructor(baseUrl) {
    this.baseUrl = baseUrl;
  }

  addTask(task) {
    return this.#json('POST', '/tasks', JSON.stringify(task), 'application/json');
  }

  /** @param {string[]} lines tasks as JSON text */
  addNdjson(lines) {
    return this.#json('POST', '/tasks/bulk', lines.join('\n'), 'application/x-ndjson');
  }

  addTasks(tasks) {
    return this.addNdjson(tasks.map((task) => JSON.stringify(task)));
  }

  getTask(id) {
    return this.#json('GET', `/tasks/${encodeURIComponent(id)}`);
  }

  getStats() {
    return this.#json('GET', '/queue/stats');
  }

  getHealth() {
    return this.#json('GET', '/health');
  }

  async #json(method, path, body, type) {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      body,
      // Each request goes to whichever instance is free, and no kept-alive connection delays a graceful stop.
      headers: { connection: 'close', ...(type && { 'content-type': type }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw new HttpError(response.status, `${method} ${path} was answered with ${response.status}: ${text}`);
  }
}

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
