/**
 * Holds one server for a parent that may die at any moment. The first line of stdin is the command; the end of stdin
 * ends the server. When the server ends by itself, the guard ends too.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';

const KILL_AFTER_MS = 5_000;

const input = createInterface({ input: process.stdin });
let server;
let folder = null;

input.once('line', (line) => {
  const command = JSON.parse(line);
  folder = command.removeFolder;
  server = spawn(command.file, command.args, { argv0: command.argv0, stdio: ['ignore', 'pipe', 'pipe'] });
  server.stdout.pipe(process.stdout, { end: false });
  server.stderr.pipe(process.stdout, { end: false });
  server.once('spawn', () => process.stdout.write(`guard: pid ${server.pid}\n`));
  server.once('error', (error) => {
    process.stdout.write(`${error.message}\n`);
    process.exitCode = 1;
    input.close();
  });
  server.once('close', (code) => void finish(code ?? 1));
});
input.once('close', () => {
  if (!server || server.exitCode !== null || server.pid === undefined) return;
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), KILL_AFTER_MS).unref();
});
// A parent that was killed no longer reads: its closed pipe must not end the guard before the server.
process.stdout.on('error', () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => input.close());

async function finish(code) {
  if (folder !== null) await rm(folder, { recursive: true, force: true });
  process.exit(code);
}
