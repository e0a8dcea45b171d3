import type { Locale } from '../../domain/locale.js';
import type { OptionWarning, OptionWarningParams } from '../../options/warnings.js';
import type { MessageParams, Messages } from './message-params.js';
import { en } from './messages.en.js';
import { zh } from './messages.zh.js';

const catalogues: Readonly<Record<Locale, Messages>> = { zh, en };

/** The log messages in this language: `createMessages('en').workerRegistered({ workerId })`. */
export function createMessages(locale: Locale): Messages {
  return catalogues[locale];
}

/** The log message of a warning about options. */
export function warningMessage(messages: Messages, warning: OptionWarning): string {
  return render(messages, warning);
}

function render<Name extends keyof OptionWarningParams>(
  messages: Messages,
  { message, params }: { readonly message: Name; readonly params: MessageParams[Name] },
): string {
  return messages[message](params);
}
