import { SpanKind, TelemetryAttributes, type Telemetry } from 'bullmq';
import { isError } from '../../errors/is-error.js';

/** Tasks that are added with one call. */
export interface TracedAdd {
  /** `add` has one task, `addBulk` any number. */
  readonly operation: 'add' | 'addBulk';
  /** Types of the tasks. */
  readonly names: readonly string[];
}

/**
 * Goes around what adds tasks without BullMQ's `Queue.add`, with the span and the attributes that BullMQ gives to its own.
 *
 * @param add - gets what every task has to carry so that its trace goes on at the worker (`opts.telemetry.metadata`, which
 *   BullMQ stores as `tm` in the JSON of the options); nothing without telemetry. Resolves to the ids of the tasks.
 */
export async function traceAdds<Ids extends readonly string[]>(
  telemetry: Telemetry | undefined,
  queueName: string,
  { operation, names }: TracedAdd,
  add: (metadata: string | undefined) => Promise<Ids>,
): Promise<Ids> {
  if (telemetry === undefined) return add(undefined);
  const { tracer, contextManager } = telemetry;
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
}
