import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { InstanceSetup, ReplyMessage, RequestName, Requests } from './messages.js';

const program = fileURLToPath(new URL('./instance.js', import.meta.url));

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The parent's side of an instance process. */
export class InstanceProcess {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      this.#settle(message as ReplyMessage);
    });
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`An instance process ended with ${signal ?? `exit code ${code}`}`));
      }
    });
  }

  /** Resolves when the instance is connected; its workers do not run yet. */
  static async spawn(setup: InstanceSetup): Promise<InstanceProcess> {
    const instance = new InstanceProcess(fork(program, [JSON.stringify(setup)]));
    await instance.#reply(0);
    return instance;
  }

  ask<Name extends RequestName>(
    name: Name,
    ...[input]: Requests[Name]['input'] extends null ? [] : [Requests[Name]['input']]
  ): Promise<Requests[Name]['output']> {
    const id = ++this.#lastId;
    const reply = this.#reply(id);
    this.child.send({ id, name, input });
    return reply as Promise<Requests[Name]['output']>;
  }

  async close(): Promise<void> {
    await this.ask('close');
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle({ id, output, error }: ReplyMessage): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(output);
    else waiting?.reject(new Error(error));
  }
}
