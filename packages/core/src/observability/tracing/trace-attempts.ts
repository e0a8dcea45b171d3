import { SpanKind, TelemetryAttributes, type Span, type SpanOptions, type Telemetry } from 'bullmq';
import { isError } from '../../errors/is-error.js';
import type { AttemptWrapper } from '../instruments/queue-instruments.js';
import type { WatchedAttempt } from '../instruments.interface.js';

/** Attributes of our own spans, beside those that BullMQ has names for. */
export const traceAttributes = {
  identifyTag: 'affinity.identify_tag',
  attempt: 'affinity.attempt',
  batchPosition: 'affinity.batch.position',
  fencingToken: 'affinity.fencing_token',
} as const;

/** OpenTelemetry lets a span begin in the past; BullMQ's interface does not name it, and bullmq-otel passes it on. */
type TimedSpanOptions = SpanOptions & { readonly startTime?: number };

/**
 * Two spans per attempt, in the trace of the `add` that the task came from: `dispatch`, from when the task's tag was bound to
 * the worker until the worker begins it, and under it `process`, in which the handler runs. What the handler does, such as
 * adding tasks, belongs to `process`.
 */
export function traceAttempts(telemetry: Telemetry, queueName: string): AttemptWrapper {
  const { tracer, contextManager } = telemetry;
  return async (attempt, run) => {
    const added = contextOf(telemetry, attempt);
    const dispatched: TimedSpanOptions = { kind: SpanKind.INTERNAL, startTime: boundAtMs(attempt) };
    const dispatch = tracer.startSpan(`dispatch ${queueName}`, dispatched, added);
    describe(dispatch, attempt, queueName, 'dispatch');
    dispatch.end();

    const waited: unknown = dispatch.setSpanOnContext(added);
    const span = tracer.startSpan(`process ${queueName}`, { kind: SpanKind.CONSUMER }, waited);
    describe(span, attempt, queueName, 'process');
    try {
      return await contextManager.with(span.setSpanOnContext(waited), run);
    } catch (error) {
      span.recordException(isError(error) ? error : String(error));
      throw error;
    } finally {
      span.end();
    }
  };
}

/** The context of the `add`; other producers can have written anything there, and no task fails because of it. */
function contextOf({ contextManager }: Telemetry, { job }: WatchedAttempt): unknown {
  const active: unknown = contextManager.root?.() ?? contextManager.active();
  const metadata = job.opts.telemetry?.metadata;
  if (typeof metadata !== 'string') return active;
  try {
    return contextManager.fromMetadata(active, metadata) as unknown;
  } catch {
    return active;
  }
}

/** A fencing token is the moment of the bind in microseconds, or a little later. A task can join a batch that runs already. */
function boundAtMs({ job, fencingToken }: WatchedAttempt): number {
  const addedAt = job.timestamp + (job.opts.delay ?? 0);
  return Math.min(Date.now(), Math.max(addedAt, Math.floor(fencingToken / 1_000)));
}

function describe(span: Span, attempt: WatchedAttempt, queueName: string, operation: string): void {
  const { job, type, identifyTag, workerId, batchPosition, fencingToken } = attempt;
  span.setAttributes({
    [TelemetryAttributes.QueueName]: queueName,
    [TelemetryAttributes.QueueOperation]: operation,
    [TelemetryAttributes.JobId]: job.id,
    [TelemetryAttributes.JobName]: type,
    [TelemetryAttributes.WorkerName]: workerId,
    [traceAttributes.identifyTag]: identifyTag,
    [traceAttributes.attempt]: attempt.attempt,
    [traceAttributes.batchPosition]: batchPosition,
    [traceAttributes.fencingToken]: fencingToken,
  });
}
