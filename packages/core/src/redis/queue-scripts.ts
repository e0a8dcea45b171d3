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

/** The scripts of one queue: adds the keys and arguments that they share, and turns our return codes into errors. */
export class QueueScripts {
  constructor(
    private readonly runner: ScriptRunner<LuaScriptName>,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * @returns the reply; BullMQ's own codes (-1 to -10) pass through
   * @throws the typed error of one of our codes
   */
  async run(name: LuaScriptName, call: ScriptCall = {}): Promise<unknown> {
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
