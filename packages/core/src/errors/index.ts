export { AffinityQueueError } from './affinity-queue-error.js';
export { ErrorCode } from './codes.js';
export * from './errors.js';
export { isLuaCode, LuaCode, luaError, throwLuaError, type LuaErrorContext } from './luaErrors.js';
export { redactText, redactUrl, safeCause } from './redact.js';
