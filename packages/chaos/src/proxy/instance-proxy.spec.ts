import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../stage/until.js';
import { sha1 } from '../witness/test-build.js';
import { CommandNames } from './command-names.js';
import { InstanceProxy } from './instance-proxy.js';

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

/** A server that keeps what it gets and answers every command with its number. */
let server: Server;
let got: string;
let proxy: InstanceProxy;
let client: Socket;
let replies: string;

beforeEach(async () => {
  got = replies = '';
  let answered = 0;
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      got += data.toString();
      const count = data.toString().match(/^\*/gm)?.length ?? 0;
      for (let i = 0; i < count; i += 1) socket.write(`:${(answered += 1)}\r\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await InstanceProxy.start(port, new CommandNames(new Map([[sha1('a script'), 'addTasks']])));
  client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  client.on('error', () => undefined);
  client.on('data', (data) => (replies += data.toString()));
  await once(client, 'connect');
});

afterEach(async () => {
  client.destroy();
  await proxy.close();
  server.close();
});

const isClosed = () => client.closed;

describe('the proxy of an instance', () => {
  it('passes everything on, also in pieces', async () => {
    const sent = command('SET', 'a', '1') + command('GET', 'a');
    client.write(sent.slice(0, 9));
    await until('the first piece is there', () => client.bytesWritten === 9);
    client.write(sent.slice(9));
    await until('both are answered', () => replies === ':1\r\n:2\r\n');
    expect(got).toBe(sent);
  });

  it('names scripts and commands', async () => {
    const seen: string[] = [];
    proxy.watch = (name) => {
      seen.push(name);
      return undefined;
    };
    client.write(
      command('EVALSHA', sha1('a script'), '0') + command('EVAL', 'a script', '0') + command('CLIENT', 'ID'),
    );
    await until('all are answered', () => replies.endsWith(':3\r\n'));
    expect(seen).toEqual(['addTasks', 'addTasks', 'client id']);
  });

  it('strikes before a command, and not what came before it', async () => {
    let strikes = 0;
    proxy.watch = (name) => (name === 'get' ? { when: 'before', strike: () => (strikes += 1) } : undefined);
    client.write(command('SET', 'a', '1') + command('GET', 'a') + command('SET', 'b', '1'));
    await until('the connection has ended', isClosed);
    expect(strikes).toBe(1);
    expect([command('SET', 'a', '1'), '']).toContain(got);
  });

  it('strikes after a command, when it has run and nobody has heard of it', async () => {
    let strikes = 0;
    proxy.watch = (name) => (name === 'get' ? { when: 'after', strike: () => (strikes += 1) } : undefined);
    client.write(command('GET', 'a'));
    await until('the connection has ended', isClosed);
    expect({ strikes, got, replies }).toEqual({ strikes: 1, got: command('GET', 'a'), replies: '' });
  });

  it.each([
    ['before', ''],
    ['after', command('GET', 'a')],
  ] as const)('holds a command until something has happened, and strikes %s it', async (when, passed) => {
    const steps: string[] = [];
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const hold = (): Promise<void> => {
      steps.push('held');
      return held;
    };
    const strike = (): void => void steps.push('struck');
    proxy.watch = (name) => (name === 'get' ? { when, hold, strike } : undefined);
    client.write(command('SET', 'a', '1') + command('GET', 'a') + command('SET', 'b', '1'));
    await until('what came before it is answered', () => replies === ':1\r\n');
    expect({ steps, got, isClosed: isClosed() }).toEqual({
      steps: ['held'],
      got: command('SET', 'a', '1'),
      isClosed: false,
    });
    release();
    await until('the connection has ended', isClosed);
    expect({ steps, got, replies }).toEqual({
      steps: ['held', 'struck'],
      got: command('SET', 'a', '1') + passed,
      replies: ':1\r\n',
    });
  });

  it('loses a reply, and the connection with it', async () => {
    proxy.dropReplies(1, (name) => name === 'get');
    client.write(command('SET', 'a', '1') + command('GET', 'a'));
    await until('the connection has ended', isClosed);
    expect(got).toContain('GET');
    expect(proxy.droppedReplies).toEqual(['get']);
    expect(replies).not.toContain(':2');
  });

  it('is a black hole, and delivers late what went into it, in order', async () => {
    proxy.toRedis.open();
    client.write(command('SET', 'a', '1'));
    await until('it has gone in', () => proxy.toRedis.affected === 1);
    client.write(command('GET', 'a'));
    await until('both have', () => proxy.toRedis.affected === 2);
    expect(got).toBe('');
    proxy.heal();
    client.write(command('GET', 'b'));
    await until('all are answered', () => replies.endsWith(':3\r\n'));
    expect(got).toBe(command('SET', 'a', '1') + command('GET', 'a') + command('GET', 'b'));
  });

  it('is a black hole for replies', async () => {
    proxy.toInstance.open();
    client.write(command('SET', 'a', '1'));
    await until('it has run', () => proxy.toInstance.affected === 1);
    expect(replies).toBe('');
    proxy.heal();
    await until('it is answered', () => replies === ':1\r\n');
  });

  it('delays, and keeps the order when the delay ends', async () => {
    proxy.toRedis.delayMs = 40;
    client.write(command('SET', 'a', '1'));
    await until('it is on its way', () => proxy.toRedis.affected === 1);
    proxy.toRedis.delayMs = 0;
    client.write(command('GET', 'a'));
    await until('both are answered', () => replies === ':1\r\n:2\r\n');
    expect(got).toBe(command('SET', 'a', '1') + command('GET', 'a'));
  });
});
