import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** An id of this instance, new at every start: `<host name>-<pid>-<random>`, of characters that keys can hold. */
export function newNodeId(): string {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9_.-]/g, '_')
      .slice(0, 64) || 'host';
  return `${host}-${process.pid}-${randomBytes(3).toString('hex')}`;
}
