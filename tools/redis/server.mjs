import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('./guard.mjs', import.meta.url));
const PORT_ATTEMPTS = 5;
const READY_LINE = /Ready to accept connections|Sentinel ID is/;
const PORT_TAKEN_LINE = /Address already in use/;

/**
 * Starts an own server and returns when it accepts connections.
 *
 * @param {{ binary: import('./path.mjs').RedisBinary, args?: string[], port?: number, dir?: string, config?: string }} options
 * @returns {Promise<import('./index.mjs').AcquiredRedis>}
 */
export async function startServer({ binary, args = [], port, dir, config }) {
  for (let attempt = 1; ; attempt++) {
    const tryPort = port ?? (await freePort());
    // The guard removes the folder of a server that has ended, also of one that could not start.
    const folder = dir ?? (await mkdtemp(join(tmpdir(), 'affinity-redis-')));
    const removeFolder = dir ? async () => {} : () => rm(folder, { recursive: true, force: true });
    const file = config === undefined ? [] : [config];
    const outcome = await launch(binary, tryPort, folder, { file, args, removeFolder: dir === undefined });
    if (outcome.running) {
      const stop = onlyOnce(async () => {
        await outcome.stop();
        await removeFolder();
      });
      return { url: `redis://127.0.0.1:${tryPort}`, source: binary.source, pid: outcome.pid, stop };
    }
    await removeFolder();
    // Between finding a free port and binding it, somebody else may take it.
    if (!outcome.portTaken || port !== undefined || attempt === PORT_ATTEMPTS) {
      throw new Error(`${binary.source} did not start on port ${tryPort}: ${outcome.output}`);
    }
  }
}

async function launch(binary, port, folder, { file, args, removeFolder }) {
  const command = [
    ...file,
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--databases', '512', '--daemonize', 'no', '--logfile', ''],
    ...args,
  ];
  // The guard holds the server; it ends it when this process closes the pipe, and a SIGKILL closes it too. A group of
  // its own keeps Ctrl-C in the terminal from stopping the server before its users have finished with it.
  const guard = spawn(process.execPath, [GUARD], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...binary.env },
  });
  const exited = once(guard, 'exit');
  await once(guard, 'spawn');
  guard.stdin.on('error', () => {}); // EPIPE: the guard has gone, which `exited` tells
  guard.stdin.write(
    `${JSON.stringify({ file: binary.file, argv0: binary.argv0, args: command, removeFolder: removeFolder ? folder : null })}\n`,
  );

  const output = [];
  let pid;
  const ready = new Promise((resolve) => {
    const lines = createInterface({ input: guard.stdout });
    lines.on('line', (line) => {
      const match = /^guard: pid (\d+)$/.exec(line);
      if (match) pid = Number(match[1]);
      else output.push(line);
      if (output.length > 50) output.shift();
      if (READY_LINE.test(line)) resolve(true);
    });
    lines.on('close', () => resolve(false));
  });

  if (!(await ready)) {
    await exited;
    const text = output.join('\n');
    return { running: false, portTaken: PORT_TAKEN_LINE.test(text), output: text || 'it printed nothing' };
  }

  for (const handle of [guard, guard.stdin, guard.stdout]) handle.unref();
  const stop = async () => {
    for (const handle of [guard, guard.stdin, guard.stdout]) handle.ref();
    guard.stdin.end();
    await exited;
  };
  return { running: true, pid, stop };
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function onlyOnce(action) {
  let result;
  return () => (result ??= action());
}
