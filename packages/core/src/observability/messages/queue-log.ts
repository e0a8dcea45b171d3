import { Logger } from '@nestjs/common';
import { isError } from '../../errors/is-error.js';
import type { MessageName, MessageParams, Messages } from './message-params.js';

type Arguments<Name extends MessageName> = MessageParams[Name] extends void ? [] : [MessageParams[Name]];

/** Says the messages of the catalogue through Nest's Logger. */
export class QueueLog {
  readonly #logger: Logger;

  constructor(
    private readonly messages: Messages,
    context = 'AffinityQueue',
  ) {
    this.#logger = new Logger(context);
  }

  debug<Name extends MessageName>(name: Name, ...args: Arguments<Name>): void {
    // These come with every task: their text is made only where it is read.
    if (Logger.isLevelEnabled('debug')) this.#logger.debug(this.#text(name, args));
  }

  info<Name extends MessageName>(name: Name, ...args: Arguments<Name>): void {
    this.#logger.log(this.#text(name, args));
  }

  warn<Name extends MessageName>(name: Name, ...args: Arguments<Name>): void {
    this.#logger.warn(this.#text(name, args));
  }

  /** A text that is made of the catalogue elsewhere. */
  warnText(render: (messages: Messages) => string): void {
    this.#logger.warn(render(this.messages));
  }

  #text<Name extends MessageName>(name: Name, args: Arguments<Name>): string {
    const render = this.messages[name] as (params?: MessageParams[Name]) => string;
    return render(args[0]);
  }
}

/** An error for a log line: its name and code, never its message, which may quote what it worked on. */
export function errorName(error: unknown): string {
  if (!isError(error)) return typeof error;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}
