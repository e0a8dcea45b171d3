import { isLuaCode, throwLuaError, type LuaErrorContext } from '../errors/luaErrors.js';
import type { LuaScriptName } from './generated/lua-sources.js';
import type { QueueKeys } from './queue-keys.js';
import type { ScriptArgument, ScriptRunner } from './script-runner.js';

export interface ScriptCall {
  /** ARGV[3]: a leader's "nodeId:epoch", a workerId, a nodeId, or nothing for a front-door call. */
  readonly caller?: string;
  /** KEYS[4..] */
  readonly keys?: readonly string[];
  /** ARGV[4..] */
  readonly args?: readonly ScriptArgument[];
  /** For the error that a negative reply becomes. */
  readonly context?: LuaErrorContext;
}

/** How a script went: its reply, or what it failed with (one of our codes as its typed error). */
export type ScriptOutcome = { readonly reply: unknown } | { readonly error: unknown };

/** Sees each script of a queue before it is sent; what it returns is told how it went. */
export type ScriptObserver = (
  name: LuaScriptName,
  call: ScriptCall,
) => ((outcome: ScriptOutcome) => void) | undefined;

/** The scripts of one queue: adds the keys and arguments that they share, and turns our return codes into errors. */
export class QueueScripts {
  #observer: ScriptObserver | undefined;

  constructor(
    private readonly runner: ScriptRunner<LuaScriptName>,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * @returns the reply; BullMQ's own codes (-1 to -10) pass through
   * @throws the typed error of one of our codes
   */
  run(name: LuaScriptName, call: ScriptCall = {}): Promise<unknown> {
    const settled = this.#observer?.(name, call);
    const running = this.#send(name, call);
    if (settled === undefined) return running;
    return running.then(
      (reply) => {
        settled({ reply });
        return reply;
      },
      (error: unknown) => {
        settled({ error });
        throw error;
      },
    );
  }

  /** For a history: everything that this process does to the queue's state passes here. */
  observe(observer: ScriptObserver): void {
    this.#observer = observer;
  }

  async #send(name: LuaScriptName, call: ScriptCall): Promise<unknown> {
    const { caller = '', keys = [], args = [], context } = call;
    const { electionLock, workerRegistry, control, base, workerBase } = this.keys;
    const reply = await this.runner.run(name, [
      electionLock,
      workerRegistry,
      control,
      ...keys,
      base,
      workerBase,
      caller,
      ...args,
    ]);
    if (isLuaCode(reply)) throwLuaError(name, reply, context);
    return reply;
  }
}
