/**
 * node tools/redis/cli.mjs [--prefer-url] [server arguments…]
 *
 * Prints the URL on the first line and serves until Ctrl-C, SIGTERM or the end of stdin.
 * With `-- command args…` it runs the command with REDIS_URL set instead, and ends with its exit code.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { acquireRedis } from './index.mjs';

const words = process.argv.slice(2);
const split = words.indexOf('--');
const own = split === -1 ? words : words.slice(0, split);
const command = split === -1 ? [] : words.slice(split + 1);

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const redis = await acquireRedis({
    preferUrl: own.includes('--prefer-url'),
    args: own.filter((word) => word !== '--prefer-url'),
    log: (line) => console.error(line),
  });
  try {
    return command.length > 0 ? await run(redis.url) : await serve(redis);
  } finally {
    await redis.stop();
  }
}

async function run(url) {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, REDIS_URL: url } });
  // The terminal sends Ctrl-C to the child as well; this process waits for it, to stop the server last.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

async function serve(redis) {
  console.log(redis.url);
  console.error(`Redis from ${redis.source}; Ctrl-C stops it`);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
    if (!process.stdin.isTTY) process.stdin.once('end', resolve).resume();
  });
  return 0;
}
