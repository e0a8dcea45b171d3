/**
 * Stands by one PM2, a daemon, whose owner may die at any moment. When stdin ends and the word `done` did not come, the
 * guard ends PM2 and all that it runs, and removes its folder.
 *
 *   PM2_HOME=<folder> node pm2-guard.mjs <path of pm2>
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

const word = await text(process.stdin);
if (word !== 'done') {
  const kill = spawn(process.execPath, [process.argv[2], 'kill', '--silent'], { stdio: 'ignore' });
  await once(kill, 'exit');
  await rm(process.env.PM2_HOME, { recursive: true, force: true });
}
