import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { CommandNames } from './command-names.js';
import { Lane, Line } from './line.js';
import { isPush, RespFrames } from './resp-frames.js';

/** A command that meets its end: `before` it reaches Redis, or `after`, and before its reply is through. */
export interface Interception {
  readonly when: 'before' | 'after';
  /** The command waits on its way until this has happened. */
  readonly hold?: () => Promise<unknown>;
  /** Called at that moment; nothing of this connection is passed on any more. */
  readonly strike: () => void;
}

/** Sees every command before it is passed on. */
export type CommandWatch = (name: string) => Interception | undefined;

/** A reply of a blocking command may take long; Redis has the command well before that. */
const longestReplyMs = 50;

/** Stands between one instance and Redis. All connections of the instance go through it. */
export class InstanceProxy {
  readonly toRedis = new Line();
  readonly toInstance = new Line();
  watch: CommandWatch | undefined;
  /** Replies that are still to be dropped, each with its connection. */
  #repliesToDrop = 0;
  #droppable: (name: string) => boolean = () => true;
  /** Replies that were dropped since the last time that somebody asked for it. */
  droppedReplies: string[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly names: CommandNames,
    private readonly redisPort: number,
  ) {
    server.on('connection', (client) => {
      this.#relay(client);
    });
  }

  static async start(redisPort: number, names: CommandNames): Promise<InstanceProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new InstanceProxy(server, names, redisPort);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** The next replies to such commands are lost after Redis has run them, and their connections with them. */
  dropReplies(count: number, to: (name: string) => boolean): void {
    this.#repliesToDrop = count;
    this.#droppable = to;
    this.droppedReplies = [];
  }

  /** Breaks all connections, as a restart of a router does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.toRedis.heal();
    this.toInstance.heal();
    this.#repliesToDrop = 0;
  }

  async close(): Promise<void> {
    this.heal();
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }

  #relay(client: Socket): void {
    const upstream = this.#open(client);
    const toRedis = new Lane(this.toRedis, upstream);
    const toInstance = new Lane(this.toInstance, client);
    const requests = new RespFrames();
    const replies = new RespFrames();
    const awaited: { readonly name: string; readonly answered: (() => void) | undefined }[] = [];
    let isOver = false;
    let isHeld = false;
    const breakOff = (): void => {
      isOver = true;
      client.destroy();
      upstream.destroy();
    };
    const pass = (frame: Buffer, name: string, interception: Interception | undefined): void => {
      const strike =
        interception &&
        onlyOnce(() => {
          breakOff();
          interception.strike();
        });
      if (interception?.when === 'before') {
        strike?.();
        return;
      }
      awaited.push({ name, answered: strike });
      toRedis.send(frame, strike && (() => setTimeout(strike, longestReplyMs)));
    };
    client.on('data', (chunk: Buffer) => {
      for (const frame of requests.push(chunk)) {
        // What comes after a command that is held dies with its sender.
        if (isOver || isHeld) return;
        const name = this.names.of(frame);
        const interception = this.watch?.(name);
        if (interception?.hold === undefined) pass(frame, name, interception);
        else {
          isHeld = true;
          void interception.hold().then(() => {
            pass(frame, name, interception);
          });
        }
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      for (const frame of replies.push(chunk)) {
        if (isOver) return;
        const request = isPush(frame) ? undefined : awaited.shift();
        if (request?.answered !== undefined) {
          request.answered();
          return;
        }
        if (request !== undefined && this.#drops(request.name)) {
          breakOff();
          return;
        }
        toInstance.send(frame);
      }
    });
    // What was sent still reaches Redis after its sender has gone.
    client.on('close', () => {
      void toRedis.idle.then(() => upstream.end());
    });
    upstream.on('close', () => {
      void toInstance.idle.then(() => client.destroy());
    });
  }

  #drops(name: string): boolean {
    if (this.#repliesToDrop === 0 || !this.#droppable(name)) return false;
    this.#repliesToDrop -= 1;
    this.droppedReplies.push(name);
    return true;
  }

  #open(client: Socket): Socket {
    const upstream = connect({ host: '127.0.0.1', port: this.redisPort, noDelay: true });
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // the other side sees the end
    }
    return upstream;
  }
}

function onlyOnce(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
