import {
  CommandTimeoutError,
  EvictingRedisError,
  IncompatibleLayoutError,
  InvalidArgumentError,
  InvalidOptionsError,
  InvalidTaskError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
} from '../errors/errors.js';

/** What the command line ends with. */
export const exitCode = { done: 0, failed: 1, usage: 2, redis: 3, notFound: 4 } as const;

/** Something that the person has to know, and that is no fault of the program. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly code: number = exitCode.failed,
  ) {
    super(message);
  }
}

const ofRedis = [
  CommandTimeoutError,
  EvictingRedisError,
  IncompatibleLayoutError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
];
const ofUsage = [InvalidArgumentError, InvalidOptionsError, InvalidTaskError];

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.code;
  if (ofRedis.some((type) => error instanceof type)) return exitCode.redis;
  if (ofUsage.some((type) => error instanceof type)) return exitCode.usage;
  return exitCode.failed;
}
