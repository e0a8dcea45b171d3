/** The parts of a Redis URL that it names. */
export interface RedisUrlParts {
  readonly host: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly family?: number;
  readonly tls: boolean;
}

/** What a Redis URL looks like, for messages. */
export const allowedRedisUrl =
  'redis://[username][:password]@host[:port][/db], or rediss:// for TLS; special characters in the login percent-encoded';

/** Reads a Redis URL; `undefined` when it is none. */
export function parseRedisUrl(text: string): RedisUrlParts | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  const username = decode(url.username);
  const password = decode(url.password);
  const db = readDb(url);
  const family = readFamily(url);
  const readable = [username, password, db, family].every((part) => part !== null);
  if (!/^rediss?:$/.test(url.protocol) || url.hostname === '' || !readable || hasUnknownQuery(url)) {
    return undefined;
  }
  return {
    // WHATWG URLs keep the brackets of IPv6 addresses, sockets do not want them.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port !== '' && { port: Number(url.port) }),
    ...(username && { username }),
    ...(password && { password }),
    ...(typeof db === 'number' && { db }),
    ...(typeof family === 'number' && { family }),
    tls: url.protocol === 'rediss:',
  };
}

// Readers return `undefined` for what the URL does not name, and `null` for what cannot be read.

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function readDb(url: URL): number | null | undefined {
  const inPath = url.pathname.replace(/^\//, '');
  const inQuery = url.searchParams.get('db') ?? '';
  if (inPath !== '' && inQuery !== '') return null;
  const text = inPath || inQuery;
  if (text === '') return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function readFamily(url: URL): number | null | undefined {
  const text = url.searchParams.get('family');
  if (text === null) return undefined;
  return /^[046]$/.test(text) ? Number(text) : null;
}

function hasUnknownQuery(url: URL): boolean {
  return [...url.searchParams.keys()].some((key) => key !== 'db' && key !== 'family') || url.hash !== '';
}
