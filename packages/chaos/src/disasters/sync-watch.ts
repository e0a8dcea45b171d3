import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../stage/until.js';
import { SyncedOffset } from './synced-offset.js';

/** Listens to what a Redis writes to its append-only file, and when it has it put on the disk (strace). */
export class SyncWatch {
  private constructor(
    private readonly child: ChildProcess,
    private readonly log: string,
    /** The append-only file that it watches. */
    readonly file: string,
    private readonly sizeBefore: number,
  ) {}

  /** Before anything is written. @throws where strace is not there or may not look */
  static async start(pid: number, redisFolder: string): Promise<SyncWatch> {
    const file = appendOnlyFile(redisFolder);
    const log = join(redisFolder, `sync-${pid}.log`);
    const args = [
      '-f',

      '-s',
      '0',
      '-e',
      'trace=write,fdatasync,fsync',
      '-P',
      file,
      '-o',
      log,
      '-p',
      String(pid),
    ];
    const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    await Promise.race([
      once(child, 'spawn'),
      once(child, 'error').then(([error]) => {
        throw new Error(`A power loss needs strace (Debian: apt-get install strace): ${String(error)}`);
      }),
    ]);
    await until('strace looks', () => said.includes('attached') || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`strace may not look at Redis: ${said}`);
    return new SyncWatch(child, log, file, statSync(file).size);
  }

  /** How much of the file is on the disk for certain. Redis has been killed. */
  async syncedBytes(): Promise<number> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    const offset = new SyncedOffset(this.sizeBefore);
    for (const line of readFileSync(this.log, 'utf8').split('\n')) offset.see(line);
    return offset.synced;
  }
}

/** The one that is written to; the campaign lets Redis rewrite none. */
function appendOnlyFile(redisFolder: string): string {
  const folder = join(redisFolder, 'appendonlydir');
  const manifest = readFileSync(join(folder, 'appendonly.aof.manifest'), 'utf8');
  const [name] = [...manifest.matchAll(/^file (\S+) seq \d+ type i$/gm)].map(([, file]) => file);
  if (name === undefined) throw new Error(`No append-only file is written to:\n${manifest}`);
  return join(folder, name);
}
