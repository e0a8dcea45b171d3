import type { Telemetry } from 'bullmq';
import { isRecord } from '../domain/task-option-rules.js';
import type { ResolveContext } from './resolve-context.js';

/** BullMQ's telemetry interface as far as it is used: the option, else the root queue's (feature), else none. */
export function resolveTelemetry({ given, root, problems }: ResolveContext): Telemetry | undefined {
  const telemetry = given.telemetry === undefined ? root?.telemetry : given.telemetry;
  if (telemetry === undefined) return undefined;
  const hasParts =
    isRecord(telemetry) &&
    isRecord(telemetry.tracer) &&
    typeof telemetry.tracer.startSpan === 'function' &&
    isRecord(telemetry.contextManager) &&
    typeof telemetry.contextManager.fromMetadata === 'function';
  if (!hasParts)
    problems.add(
      'telemetry',
      telemetry,
      "an object with BullMQ's telemetry interface: tracer, contextManager",
    );
  return telemetry as Telemetry;
}
