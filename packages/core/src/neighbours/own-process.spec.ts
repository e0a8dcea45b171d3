import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { FakeOperatingSystem, fakeBoot, statLine } from '../../test/support/fake-operating-system.js';
import { ownProcess } from './own-process.js';

describe('ownProcess', () => {
  it('names the host and the process', () => {
    expect(ownProcess(new FakeOperatingSystem())).toEqual({
      host: `${fakeBoot}.4026531836.4026531834`,
      process: '100:5000',
    });
  });

  it('reads its own system', () => {
    const own = ownProcess();
    if (process.platform !== 'linux') expect(own).toBeUndefined();
    else {
      const stat = readFileSync('/proc/self/stat', 'utf8');
      expect(own?.process).toBe(`${process.pid}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
      expect(own?.host).toContain(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    }
  });

  it('is read after a name that looks like the rest of the line', () => {
    const os = new FakeOperatingSystem();
    os.files.set('/proc/self/stat', statLine(100, 5_000, { name: 'a) S 1 (b\n) Z 2' }));
    expect(ownProcess(os)?.process).toBe('100:5000');
  });

  it('does without time namespaces, which old kernels do not have', () => {
    const os = new FakeOperatingSystem();
    os.links.delete('/proc/self/ns/time');
    expect(ownProcess(os)?.host).toBe(`${fakeBoot}.4026531836.0`);
  });

  it.each<[string, (os: FakeOperatingSystem) => void]>([
    ['there is no procfs', (os) => os.files.clear()],
    ['procfs is of another pid namespace', (os) => os.files.set('/proc/self/stat', statLine(7_100, 5_000))],
    [
      'procfs is of another pid namespace, where it has the same id by chance',
      (os) => os.files.set('/proc/self/status', 'NSpid:\t100\t100\n'),
    ],
    ['the kernel does not tell its ids', (os) => os.files.set('/proc/self/status', 'Name:\tnode\n')],
    [
      'the boot id may not be read',
      (os) => {
        os.refuse('/proc/sys/kernel/random/boot_id', 'EACCES');
      },
    ],
    ['the boot id is none', (os) => os.files.set('/proc/sys/kernel/random/boot_id', 'x y\n')],
    [
      'the pid namespace may not be read',
      (os) => {
        os.refuse('/proc/self/ns/pid', 'EACCES');
      },
    ],
    [
      'the time namespace may not be read',
      (os) => {
        os.refuse('/proc/self/ns/time', 'EPERM');
      },
    ],
    ['its line is cut off', (os) => os.files.set('/proc/self/stat', '100 (node) S 1 2')],
  ])('is nothing where %s', (_, change) => {
    const os = new FakeOperatingSystem();
    change(os);
    expect(ownProcess(os)).toBeUndefined();
  });
});
