export type { MessageName, MessageParams, Messages, StepDownReason } from './message-params.js';
export { createMessages, warningMessage } from './messages.js';
