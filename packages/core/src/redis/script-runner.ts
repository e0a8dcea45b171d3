import type { Redis } from 'ioredis';
import { CommandTimeoutError, RedisRefusesWritesError } from '../errors/errors.js';
import { safeCause } from '../errors/redact.js';

export type ScriptArgument = string | number | Buffer;

/** A Lua script as it is sent to Redis. */
export interface LuaScript {
  readonly lua: string;
  readonly numberOfKeys: number;
}

type ScriptCommand = (...args: ScriptArgument[]) => Promise<unknown>;

/**
 * Runs Lua scripts by their names: EVALSHA, and EVAL once where Redis does not know the script (first use, SCRIPT FLUSH,
 * restart), both by ioredis.
 */
export class ScriptRunner<Name extends string = string> {
  readonly #commands: Record<Name, ScriptCommand>;

  constructor(
    client: Redis,
    private readonly commandTimeoutMs: number,
    scripts: Readonly<Record<Name, LuaScript>>,
  ) {
    const commands = {} as Record<Name, ScriptCommand>;
    for (const [name, { lua, numberOfKeys }] of Object.entries<LuaScript>(scripts)) {
      const command = `affinity:${name}`;
      client.defineCommand(command, { lua, numberOfKeys });
      const run = (client as unknown as Record<string, ScriptCommand>)[command];
      if (run === undefined) throw new Error(`ioredis did not define ${command}`);
      commands[name as Name] = run.bind(client);
    }
    this.#commands = commands;
  }

  /**
   * @returns the script's reply as it comes
   * @throws {@link CommandTimeoutError} when Redis does not answer in time; the script may still have run, or will
   */
  async run(name: Name, args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await this.#commands[name](...args);
    } catch (error) {
      throw asTypedError(error, name, this.commandTimeoutMs);
    }
  }
}

/** Redis has not done anything of the command. */
const refusal = /^(?:ERR )?-?(OOM|READONLY|MISCONF|NOREPLICAS|LOADING|MASTERDOWN)\b/;

/** ioredis' time-out and Redis' refusals as typed errors; anything else as it is, but for the arguments of the command, which are payloads. */
export function asTypedError(error: unknown, command: string, timeoutMs: number): unknown {
  if (error instanceof Error && error.message === 'Command timed out') {
    return new CommandTimeoutError({ command, timeoutMs }, { cause: error });
  }
  const reply = error instanceof Error ? refusal.exec(error.message)?.[1] : undefined;
  if (reply !== undefined) return new RedisRefusesWritesError({ command, reply }, { cause: error });
  return safeCause(error);
}
