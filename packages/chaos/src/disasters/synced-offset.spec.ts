import { describe, expect, it } from '@jest/globals';
import { SyncedOffset } from './synced-offset.js';

function syncedBy(...lines: string[]): number {
  const offset = new SyncedOffset(100);
  for (const line of lines) offset.see(line);
  return offset.synced;
}

describe('SyncedOffset', () => {
  it('is where the file ended when nothing has been put on the disk', () => {
    expect(syncedBy('1 write(8, ""..., 51)               = 51')).toBe(100);
  });

  it('is where the writes ended that came before', () => {
    expect(
      syncedBy(
        '1 write(8, ""..., 51)               = 51',
        '2 fdatasync(8)                      = 0',
        '1 write(8, ""..., 7)                = 7',
        '1 +++ killed by SIGKILL +++',
      ),
    ).toBe(151);
  });

  it('does not count what was written while it went on, nor what did not return', () => {
    const lines = [
      '1 write(8, ""..., 50)               = 50',
      '2 fdatasync(8 <unfinished ...>',
      '1 write(8, ""..., 5)                = 5',
      '2 <... fdatasync resumed>)          = 0',
    ];
    expect(syncedBy(...lines)).toBe(150);
    expect(syncedBy(...lines.slice(0, 3))).toBe(100);
  });

  it('takes the bytes that were written, not those that were to be, and no failure', () => {
    expect(
      syncedBy(
        '1 write(8, ""..., 50 <unfinished ...>',
        '1 <... write resumed>)              = 20',
        '1 write(8, ""..., 9)                = -1 ENOSPC (No space left on device)',
        '2 fdatasync(8)                      = -1 EIO (Input/output error)',
        '2 fsync(8)                          = 0',
      ),
    ).toBe(120);
  });
});
