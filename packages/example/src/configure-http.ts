import type { IncomingMessage } from 'node:http';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { QueueErrorFilter } from './queue-error.filter.js';

const SINGLE_TASK_MAX_BYTES = 1_048_576;
const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

const isBulkJson = (request: IncomingMessage): boolean =>
  /^\/tasks\/bulk\/?(\?|$)/.test(request.url ?? '') &&
  /^application\/json\b/i.test(request.headers['content-type'] ?? '');

/** Body parsers, validation and error mapping: the same for `main.ts` and for the tests. */
export function configureHttp(app: NestExpressApplication, bulkMaxBytes: number): void {
  // Bodies are counted while they stream in; one that grows past its limit is answered with 413.
  app.useBodyParser('json', { limit: bulkMaxBytes, type: isBulkJson });
  app.useBodyParser('text', { limit: bulkMaxBytes, type: NDJSON_TYPES });
  app.useBodyParser('json', { limit: SINGLE_TASK_MAX_BYTES });
  // The handlers apply the schemas' defaults themselves; a task is queued and answered as it was sent.
  app.useGlobalPipes(new StandardSchemaValidationPipe({ transform: false }));
  app.useGlobalFilters(new QueueErrorFilter(app.getHttpAdapter()));
}
