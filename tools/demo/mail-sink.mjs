import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/**
 * An SMTP server on a free local port that keeps nothing but the ids of the tasks whose mail arrived.
 *
 * @returns {Promise<{ url: string, received: Map<string, number>, forget: () => void, stop: () => Promise<void> }>}
 */
export async function startMailSink() {
  const received = new Map();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, _session, done) {
      text(stream).then((message) => {
        const taskId = /^X-Task-Id: (.+?)\r?$/im.exec(message)?.[1];
        if (taskId) received.set(taskId, (received.get(taskId) ?? 0) + 1);
        done();
      }, done);
    },
  });
  // A client that was killed breaks its connection; that is no failure of the sink.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    received,
    forget: () => received.clear(),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
