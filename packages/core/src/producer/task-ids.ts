import { randomBytes } from 'node:crypto';

/**
 * A job id chosen by the client makes adding idempotent: when a reply is lost and ioredis sends the command again, the
 * second one finds the task. Sixteen characters, 84 random bits; the letter keeps it from ever being a number.
 */
export function newTaskId(): string {
  return `t${randomBytes(12).toString('base64url').slice(0, 15)}`;
}
