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
