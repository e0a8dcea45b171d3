import {
  BadRequestException,
  Catch,
  ServiceUnavailableException,
  type ArgumentsHost,
  type HttpException,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { AffinityQueueError, ErrorCode } from 'nestjs-affinity-queue';

const BAD_REQUEST: ReadonlySet<string> = new Set([
  ErrorCode.InvalidTask,
  ErrorCode.InvalidTaskOption,
  ErrorCode.UnsupportedTaskOption,
  ErrorCode.ReservedJobId,
]);

const UNAVAILABLE: ReadonlySet<string> = new Set([
  ErrorCode.RedisUnavailable,
  ErrorCode.CommandTimeout,
  ErrorCode.QueueClosed,
]);

/** Answers what the queue refuses with 400 and what it cannot do at the moment with 503; anything else stays a 500. */
@Catch(AffinityQueueError)
export class QueueErrorFilter extends BaseExceptionFilter<Error> {
  override catch(error: AffinityQueueError, host: ArgumentsHost): void {
    super.catch(toHttpException(error) ?? error, host);
  }
}

function toHttpException(error: AffinityQueueError): HttpException | undefined {
  if (BAD_REQUEST.has(error.code)) return new BadRequestException(error.message, { cause: error });
  if (UNAVAILABLE.has(error.code)) return new ServiceUnavailableException(error.message, { cause: error });
  return undefined;
}
