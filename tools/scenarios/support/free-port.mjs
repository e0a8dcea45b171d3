import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port on which nothing listens at the moment. */
export async function freePort() {
  const server = createServer();
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Throws a message for people when the port is taken. */
export async function assertPortIsFree(port) {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
  } catch (error) {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    const reason = error.code === 'EADDRINUSE' ? 'is already in use' : 'may not be used by this user';
    throw new Error(`Port ${port} ${reason}. Choose another one: PORT=3100 npm run demo`, { cause: error });
  }
  await new Promise((resolve) => server.close(resolve));
}
