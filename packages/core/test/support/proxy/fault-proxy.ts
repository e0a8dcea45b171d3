import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { testRedisUrl } from '../redis.js';
import { commandName } from './command-names.js';
import { commandWords, RespFrames } from './resp-frames.js';

/** A command on its way to Redis. */
export interface Command {
  /** Of the script that it runs, or of the command. */
  readonly name: string;
  readonly words: readonly string[];
}

/**
 * What happens to one command:
 *
 * - `drop-reply`: Redis runs it; then the connection breaks before the reply is through
 * - `drop-request`: the connection breaks before Redis gets it
 * - `hold-reply`: Redis runs it; the reply, and what comes behind it on that connection, waits for `release`
 * - `hold-request`: it, and what comes behind it on that connection, waits for `release`
 * - `arrive-late`: the connection breaks; Redis gets the command all the same, at `release`, when its sender has long sent it
 *   again
 */
export type FaultKind = 'drop-reply' | 'drop-request' | 'hold-reply' | 'hold-request' | 'arrive-late';

export interface Fault {
  /** Resolves when a command has met it. */
  readonly happened: Promise<Command>;
  readonly hasHappened: boolean;
  /** Ends the waiting of the kinds that wait; resolves when Redis has got everything that waited. */
  release(): Promise<void>;
}

interface PlannedFault {
  readonly kind: FaultKind;
  readonly matches: (command: Command) => boolean;
  readonly meet: (command: Command) => void;
  readonly released: Promise<void>;
  late: Promise<void> | undefined;
}

const open = new Set<FaultProxy>();

/** For `afterEach`, before the instances are closed: a failed test must not keep them from ending. */
export function healProxies(): void {
  for (const proxy of open) proxy.heal();
}

/** For `afterEach`, after the instances have been closed. */
export async function closeProxies(): Promise<void> {
  await Promise.all([...open].map((proxy) => proxy.close()));
}

/** Stands between an instance and Redis and does to single commands what networks do. */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: PlannedFault[] = [];
  readonly #releases: (() => void)[] = [];
  /** Names of all commands that have come, in order. */
  readonly seen: string[] = [];

  private constructor(
    server: Server,
    private readonly upstream: { readonly host: string; readonly port: number },
  ) {
    this.#server = server;
    open.add(this);
    server.on('connection', (client) => {
      this.#relay(client);
    });
  }

  static async start(redisUrl = testRedisUrl()): Promise<FaultProxy> {
    const { hostname, port } = new URL(redisUrl);
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, { host: hostname, port: Number(port || 6379) });
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next command of this name meets the fault; one command, once. */
  plan(kind: FaultKind, which: string | ((command: Command) => boolean)): Fault {
    const matches = typeof which === 'string' ? (command: Command) => command.name === which : which;
    let meet!: (command: Command) => void;
    let release!: () => void;
    let hasHappened = false;
    const happened = new Promise<Command>((resolve) => (meet = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    const planned: PlannedFault = {
      kind,
      matches,
      meet: (command) => {
        hasHappened = true;
        meet(command);
      },
      released,
      late: undefined,
    };
    this.#faults.push(planned);
    this.#releases.push(release);
    return {
      happened,
      get hasHappened() {
        return hasHappened;
      },
      release: async () => {
        release();
        await planned.late;
      },
    };
  }

  /** Breaks all connections, as a restart of a router does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on it does nothing but pass everything on, also what it has held. */
  heal(): void {
    this.#faults.length = 0;
    for (const release of this.#releases) release();
  }

  async close(): Promise<void> {
    open.delete(this);
    this.heal();
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #relay(client: Socket): void {
    const upstream = this.#open(client);
    const requests = new RespFrames();
    const replies = new RespFrames();
    const awaited: (PlannedFault | undefined)[] = [];
    let toRedis = Promise.resolve();
    let toClient = Promise.resolve();
    const breakOff = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (chunk: Buffer) => {
      for (const frame of requests.push(chunk)) {
        if (client.destroyed) return;
        const fault = this.#meet(frame);
        if (fault?.kind === 'drop-request' || fault?.kind === 'arrive-late') {
          if (fault.kind === 'arrive-late') fault.late = fault.released.then(() => this.#sendAlone(frame));
          breakOff();
          return;
        }
        if (fault?.kind === 'hold-request') toRedis = toRedis.then(() => fault.released);
        toRedis = toRedis.then(() => {
          awaited.push(fault);
          upstream.write(frame);
        });
        if (fault?.kind === 'hold-request') fault.late = toRedis;
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      for (const frame of replies.push(chunk)) {
        const fault = frame[0] === 0x3e ? undefined : awaited.shift();
        if (fault?.kind === 'drop-reply') {
          breakOff();
          return;
        }
        if (fault?.kind === 'hold-reply') toClient = toClient.then(() => fault.released);
        toClient = toClient.then(() => {
          client.write(frame);
        });
      }
    });
    // A held request still reaches Redis after its sender has gone.
    client.on('close', () => {
      void toRedis.then(() => upstream.end());
    });
    upstream.on('close', () => {
      client.destroy();
    });
  }

  #open(client: Socket): Socket {
    const upstream = connect({ ...this.upstream, noDelay: true });
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // the other side sees the end
    }
    return upstream;
  }

  #meet(frame: Buffer): PlannedFault | undefined {
    const words = commandWords(frame);
    const command = { name: commandName(words), words };
    this.seen.push(command.name);
    const index = this.#faults.findIndex((fault) => fault.matches(command));
    if (index === -1) return undefined;
    const [fault] = this.#faults.splice(index, 1);
    fault?.meet(command);
    return fault;
  }

  async #sendAlone(frame: Buffer): Promise<void> {
    const socket = connect({ ...this.upstream, noDelay: true });
    const replies = new RespFrames();
    socket.write(frame);
    try {
      for await (const chunk of socket) if (replies.push(chunk as Buffer).length > 0) return;
    } finally {
      socket.destroy();
    }
  }
}
