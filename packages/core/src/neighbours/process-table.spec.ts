import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FakeOperatingSystem, fakeBoot, statLine } from '../../test/support/fake-operating-system.js';
import { until } from '../../test/support/until.js';
import { ownProcess } from './own-process.js';
import { parseProcStat } from './proc-stat.js';
import { ProcessTable } from './process-table.js';

const own = { host: `${fakeBoot}.4026531836.4026531834`, process: '100:5000' };

function tableOf(change: (os: FakeOperatingSystem) => void): ProcessTable {
  const os = new FakeOperatingSystem();
  os.run(200, statLine(200, 7_000));
  change(os);
  return new ProcessTable(own, os);
}

describe('ProcessTable', () => {
  it.each<[string, (os: FakeOperatingSystem) => void]>([
    ['runs', () => undefined],
    [
      'is frozen',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 'T' }));
      },
    ],
    [
      'waits for a disk',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 'D' }));
      },
    ],
    [
      'is traced',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 't' }));
      },
    ],
    [
      'goes on without its main thread',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 'Z', threads: 9 }));
      },
    ],
    [
      'has a name like the end of a line',
      (os) => {
        os.run(200, statLine(200, 7_000, { name: 'x) Z 1 1' }));
      },
    ],
  ])('sees alive a process that %s', (_, change) => {
    expect(tableOf(change).stateOf('200:7000')).toBe('alive');
  });

  it.each<[string, (os: FakeOperatingSystem) => void]>([
    [
      'is gone',
      (os) => {
        os.end(200);
      },
    ],
    [
      'ended while its file was read',
      (os) => {
        os.end(200);
        os.refuse('/proc/200/stat', 'ESRCH');
      },
    ],
    [
      'has ended and was not waited for',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 'Z', threads: 1 }));
      },
    ],
    [
      'is just being removed',
      (os) => {
        os.run(200, statLine(200, 7_000, { state: 'X', threads: 0 }));
      },
    ],
    [
      'left its id to another one',
      (os) => {
        os.run(200, statLine(200, 7_001));
      },
    ],
  ])('sees dead a process that %s', (_, change) => {
    expect(tableOf(change).stateOf('200:7000')).toBe('dead');
  });

  it.each<[string, (os: FakeOperatingSystem) => void]>([
    [
      'it may not be read',
      (os) => {
        os.refuse('/proc/200/stat', 'EACCES');
      },
    ],
    [
      'reading it is not permitted',
      (os) => {
        os.refuse('/proc/200/stat', 'EPERM');
      },
    ],
    [
      'there are too many open files',
      (os) => {
        os.refuse('/proc/200/stat', 'EMFILE');
      },
    ],
    [
      'procfs hides the processes of others',
      (os) => {
        os.files.delete('/proc/200/stat');
      },
    ],
    [
      'procfs is not mounted any more',
      (os) => {
        os.files.clear();
        os.pids.delete(200);
      },
    ],
    [
      'procfs shows another process as this one',
      (os) => {
        os.end(200);
        os.run(100, statLine(100, 5_001));
      },
    ],
    [
      'its line cannot be read',
      (os) => {
        os.run(200, '200 (node');
      },
    ],
    [
      'its line is empty',
      (os) => {
        os.run(200, '');
      },
    ],
    [
      'its line is of another process',
      (os) => {
        os.run(200, statLine(201, 9_000));
      },
    ],
  ])('does not know where %s', (_, change) => {
    expect(tableOf(change).stateOf('200:7000')).toBe('unknown');
  });

  it.each([
    '',
    ':',
    '200',
    '200:',
    ':7000',
    '0:7000',
    '-1:7000',
    '200:-7',
    '0200:7000',
    '200:7000 ',
    '1e2:7',
    '../self:1',
    '99999999999:1',
    '200:7000\n',
    '__proto__:1',
  ])('takes %j for no process', (process) => {
    const os = new FakeOperatingSystem();
    os.read = () => {
      throw new Error('it was looked for');
    };
    expect(new ProcessTable(own, os).stateOf(process)).toBe('unknown');
  });

  if (process.platform === 'linux') {
    describe('on this system', () => {
      const table = new ProcessTable(ownProcess()!);
      const startedAt = (pid: number | string): string =>
        parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))!.startTime;

      it('sees itself, and no other process under its id', () => {
        const self = ownProcess()!.process;
        expect(table.stateOf(self)).toBe('alive');
        expect(table.stateOf(`${self}1`)).toBe('dead');
      });

      it('sees a process from its start to its end, frozen or not', async () => {
        const child = spawn('sleep', ['60'], { stdio: 'ignore' });
        await once(child, 'spawn');
        const started = `${child.pid}:${startedAt(child.pid!)}`;
        expect(table.stateOf(started)).toBe('alive');
        child.kill('SIGSTOP');
        expect(table.stateOf(started)).toBe('alive');
        child.kill('SIGKILL');
        await once(child, 'exit');
        expect(table.stateOf(started)).toBe('dead');
      });

      it('sees that a process is dead whose parent does not wait for it', async () => {
        const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = line.toString().trim();
        // Until it is another program it is its parent's copy, and waited for.
        await until(
          'the parent is one that does not wait',
          () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n',
        );
        const started = `${pid}:${startedAt(pid)}`;
        expect(table.stateOf(started)).toBe('alive');
        process.kill(Number(pid), 'SIGKILL');
        await until('it is seen dead', () => table.stateOf(started) === 'dead');
        expect(parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state).toBe('Z');
        parent.kill('SIGKILL');
        await once(parent, 'exit');
      });

      const inside = (...options: string[]): string | undefined => {
        const shell = ['sh', '-c', 'cat /proc/self/status; echo; readlink /proc/self/ns/pid'];
        const run = spawnSync('unshare', [...options, '--fork', '--pid', ...shell], { encoding: 'utf8' });
        return run.status === 0 ? run.stdout : undefined;
      };
      const privately = inside('--mount-proc');
      // Where this user may not make pid namespaces, the cases of `ownProcess` say the same with a system that is made up.
      const inContainers = privately === undefined ? it.skip : it;

      inContainers('tells a container with the same host name by its pid namespace', () => {
        expect(privately).toMatch(/^NSpid:\s+\d+$/m);
        const [, namespace] = /pid:\[(\d+)\]/.exec(privately!)!;
        expect(ownProcess()!.host.split('.')[1]).toMatch(/^\d+$/);
        expect(ownProcess()!.host.split('.')[1]).not.toBe(namespace);
      });

      inContainers('knows a container that sees the processes of its host by its several ids', () => {
        expect(inside()).toMatch(/^NSpid:\s+\d+\s+\d+$/m);
      });
    });
  }
});
