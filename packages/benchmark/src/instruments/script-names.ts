import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';

type Define = (this: Redis, name: string, definition: { lua: string; numberOfKeys?: number }) => void;

/** Remembers the names under which scripts are defined from now on, so that a digest can be shown by its name. */
export class ScriptNames {
  readonly #names = new Map<string, string>();

  constructor() {
    const prototype = Redis.prototype as unknown as { defineCommand: Define };
    const define = prototype.defineCommand;
    const names = this.#names;
    prototype.defineCommand = function (this: Redis, name, definition) {
      names.set(
        createHash('sha1').update(definition.lua).digest('hex'),
        name.replace(/^affinity:|:[\d.]+$/g, ''),
      );
      define.call(this, name, definition);
    };
  }

  nameOf(command: string, digest: string): string {
    return (
      this.#names.get(digest) ??
      (command === 'evalsha' ? `script ${digest.slice(0, 8)}` : 'script sent as text')
    );
  }
}
