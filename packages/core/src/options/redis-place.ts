import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { RedisOptions } from 'ioredis';
import { isCount, isRecord } from '../domain/task-option-rules.js';
import { defaults } from './defaults.js';
import { allowedNumber } from './number-options.js';
import type { ProblemList } from './problems.js';
import { allowedRedisUrl, parseRedisUrl, type RedisUrlParts } from './redis-url.js';

type Given = Readonly<Record<string, unknown>>;

const portRange = { min: 1, max: 65_535 };
const dbRange = { min: 0, max: Number.MAX_SAFE_INTEGER };

/**
 * Turns what says where Redis is and who we are into options of ioredis.
 *
 * @param place - the options given, without what is `undefined` or empty
 * @param nameOf - how an option is called in messages: by its path, or by its variable
 */
export function resolvePlace(
  place: Given,
  problems: ProblemList,
  nameOf: (option: string) => string = (option) => option,
): RedisOptions {
  const check = new PlaceChecks(place, problems, (key) => nameOf(`redisOptions.${key}`));
  check.oneWayOnly();
  const login = check.login();
  if (place.sentinels !== undefined || place.name !== undefined) return { ...check.sentinels(), ...login };
  if (place.path !== undefined) return { ...optional('path', check.text('path')), ...login };
  const url = check.url();
  return {
    // The URL is more specific than what stands beside it.
    ...login,
    host: url?.host ?? check.host() ?? defaults.redisHost,
    port: check.urlPort(url) ?? check.number('port', portRange) ?? defaults.redisPort,
    ...optional('username', url?.username ?? login.username),
    ...optional('password', url?.password ?? login.password),
    db: url?.db ?? login.db,
    ...optional('family', url?.family),
    ...(url?.tls && login.tls === undefined && { tls: {} }),
  };
}

/** Who we are and which database, without saying where: only what is given. */
export function resolveLogin(place: Given, problems: ProblemList): RedisOptions {
  return new PlaceChecks(place, problems, (key) => `redisOptions.${key}`).givenLogin();
}

class PlaceChecks {
  readonly #place: Given;
  readonly #problems: ProblemList;
  readonly #nameOf: (key: string) => string;

  constructor(place: Given, problems: ProblemList, nameOf: (key: string) => string) {
    this.#place = place;
    this.#problems = problems;
    this.#nameOf = nameOf;
  }

  oneWayOnly(): void {
    const ways = [['url'], ['host', 'port'], ['path'], ['sentinels', 'name']]
      .map((keys) => keys.filter((key) => this.#place[key] !== undefined))
      .filter((keys) => keys.length > 0);
    if (ways.length < 2) return;
    const got = ways.map((keys) => keys.join(' and ')).join(', ');
    this.#problems.addText(
      'redisOptions',
      got,
      'one of url, host and port, path, sentinels and name, instance',
    );
  }

  givenLogin() {
    return {
      ...optional('username', this.text('username')),
      ...optional('password', this.text('password')),
      ...optional('db', this.number('db', dbRange)),
      ...optional('tls', this.#tls()),
    };
  }

  login() {
    return { db: defaults.redisDb, ...this.givenLogin() };
  }

  url(): RedisUrlParts | undefined {
    const { url } = this.#place;
    if (url === undefined) return undefined;
    const parts = typeof url === 'string' ? parseRedisUrl(url) : undefined;
    if (parts === undefined) this.#add('url', url, allowedRedisUrl);
    return parts;
  }

  urlPort(url: RedisUrlParts | undefined): number | undefined {
    if (url?.port === undefined || isCount(url.port, portRange.min, portRange.max)) return url?.port;
    this.#add('url', this.#place.url, `a port ${allowedNumber(portRange)}`);
    return undefined;
  }

  sentinels() {
    const { sentinels } = this.#place;
    if (!Array.isArray(sentinels) || sentinels.length === 0 || !sentinels.every(isSentinel)) {
      this.#add('sentinels', sentinels, 'a list of { host, port } with one entry or more');
    }
    if (this.#place.name === undefined) {
      this.#add('name', undefined, 'the name of the master that the sentinels watch');
    }
    return {
      sentinels: sentinels as RedisOptions['sentinels'],
      ...optional('name', this.text('name')),
      ...optional('sentinelUsername', this.text('sentinelUsername')),
      ...optional('sentinelPassword', this.text('sentinelPassword')),
    };
  }

  host(): string | undefined {
    const host = this.text('host');
    if (host === undefined || /^[^\s/@]+$/.test(host)) return host;
    this.#add('host', host, 'a host name or an address; a URL is given as url');
    return undefined;
  }

  text(key: string): string | undefined {
    const value = this.#place[key];
    if (value === undefined || typeof value === 'string') return value;
    this.#add(key, value, 'a string');
    return undefined;
  }

  number(key: string, range: { min: number; max: number }): number | undefined {
    const value = this.#place[key];
    if (value === undefined || isCount(value, range.min, range.max)) return value;
    this.#add(key, value, allowedNumber(range));
    return undefined;
  }

  #tls(): TlsOptions | undefined {
    const { tls } = this.#place;
    if (tls === undefined || tls === false) return undefined;
    if (tls === true) return {};
    if (isRecord(tls)) return tls;
    this.#add('tls', tls, 'true, false, or options of tls.connect');
    return undefined;
  }

  #add(key: string, value: unknown, allowed: string): void {
    this.#problems.add(this.#nameOf(key), value, allowed);
  }
}

function isSentinel(value: unknown): boolean {
  if (!isRecord(value) || typeof value.host !== 'string' || value.host === '') return false;
  return value.port === undefined || isCount(value.port, portRange.min, portRange.max);
}

function optional<Key extends string, T>(key: Key, value: T | undefined): Partial<Record<Key, T>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<Key, T>>;
}
