import { SpanKind, TelemetryAttributes, type Telemetry } from 'bullmq';
import { isError } from '../../errors/is-error.js';
import type { AddTracer } from '../add-tracer.interface.js';

/** Gives what adds tasks without BullMQ's `Queue.add` the span and the attributes that BullMQ gives to its own. */
export function traceAdds({ tracer, contextManager }: Telemetry, queueName: string): AddTracer {
  return async ({ operation, names }, add) => {
    const isBulk = operation === 'addBulk';
    const destination = isBulk ? queueName : `${queueName}.${names[0] ?? ''}`;
    const span = tracer.startSpan(`${operation} ${destination}`, { kind: SpanKind.PRODUCER });
    const within: unknown = span.setSpanOnContext(contextManager.active());
    span.setAttributes({
      [TelemetryAttributes.QueueName]: queueName,
      [TelemetryAttributes.QueueOperation]: operation,
      ...(isBulk
        ? { [TelemetryAttributes.BulkNames]: [...names], [TelemetryAttributes.BulkCount]: names.length }
        : { [TelemetryAttributes.JobName]: names[0] }),
    });
    try {
      const ids = await contextManager.with(within, () => add(contextManager.getMetadata(within)));
      if (!isBulk) span.setAttribute(TelemetryAttributes.JobId, ids[0] ?? '');
      return ids;
    } catch (error) {
      span.recordException(isError(error) ? error : String(error));
      throw error;
    } finally {
      span.end();
    }
  };
}
