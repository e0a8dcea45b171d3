import { connect } from 'node:net';

const CONNECT_TIMEOUT_MS = 3_000;

/** Throws a readable error when nothing listens where the URL points. */
export async function assertReachable(url) {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const target = `${host}:${port || '6379'}`;
  await new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port || 6379), timeout: CONNECT_TIMEOUT_MS });
    const fail = (reason) => {
      socket.destroy();
      reject(
        new Error(
          `REDIS_URL points to ${target}, which cannot be reached (${reason}). Start it or unset REDIS_URL.`,
        ),
      );
    };
    socket.once('connect', () => resolve(socket.destroy()));
    socket.once('timeout', () => fail(`no answer within ${CONNECT_TIMEOUT_MS} ms`));
    socket.once('error', (error) => fail(error.message));
  });
}
