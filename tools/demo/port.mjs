import { once } from 'node:events';
import { createServer } from 'node:net';
import { expectedError } from './expected-error.mjs';

const REASONS = { EADDRINUSE: 'is already in use', EACCES: 'may not be used by this user' };

/** Throws a message for people when nobody could listen on the port. */
export async function assertPortIsFree(port) {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
  } catch (error) {
    const reason = REASONS[error.code];
    if (!reason) throw error;
    throw expectedError(`Port ${port} ${reason}. Choose another one: PORT=3100 npm run demo`, {
      cause: error,
    });
  }
  await new Promise((resolve) => server.close(resolve));
}
