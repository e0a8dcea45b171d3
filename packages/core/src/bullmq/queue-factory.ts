import { Queue, RedisConnection, type ConnectionOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueueContext } from '../redis/queue-context.js';
import { bullPrefix } from '../redis/queue-keys.js';
import type { LaneOptions } from './lane-channel.js';
import { LaneWorker } from './lane-worker.js';
import { lockDurationMs, PendingQueueBackend } from './pending-queue-backend.js';
import { listWorkers } from './registered-workers.js';
import { repeatStrategy } from './repeat-strategy.js';
import { WorkerLaneBackend } from './worker-lane-backend.js';

/** BullMQ loads scripts of its own into a connection and asks it for its version: once per connection. */
const connections = new WeakMap<Redis, RedisConnection>();

function sharedConnection(client: Redis): RedisConnection {
  let connection = connections.get(client);
  if (connection === undefined) {
    connection = new RedisConnection(client, {
      shared: true,
      blocking: false,
    });
    // It repeats the errors of the client, whose own listener reports them; without one here, each would be uncaught.
    connection.on('error', () => undefined);
    connections.set(client, connection);
  }
  return connection;
}

/** The BullMQ queue that holds the tasks of a named queue. */
export function createPendingQueue(context: QueueContext): Queue {
  const { options, hub, scripts } = context;
  const client = hub.commands as unknown as ConnectionOptions;
  return new Queue(
    options.pendingQueueName,
    {
      connection: client,
      prefix: bullPrefix,
      settings: { repeatStrategy },
      ...(options.telemetry && { telemetry: options.telemetry }),
    },
    (_name, bullOptions) =>
      new PendingQueueBackend({
        connection: sharedConnection(hub.commands),
        pendingQueueName: options.pendingQueueName,
        scripts,
        listWorkers: () => listWorkers(context),
        bullOptions,
        payloadCodec: options.payloadCodec,
      }),
  );
}

/** A BullMQ worker for one lane of this instance, without a loop of its own. */
export function createLaneWorker(
  context: QueueContext,
  lane: LaneOptions,
): { worker: LaneWorker; backend: WorkerLaneBackend } {
  const { options, hub, scripts } = context;
  let backend: WorkerLaneBackend | undefined;
  const worker = new LaneWorker(
    options.pendingQueueName,
    null,
    {
      connection: hub.commands,
      prefix: bullPrefix,
      name: lane.workerId,
      autorun: false,
      lockDuration: lockDurationMs,
      skipLockRenewal: true,
      skipStalledCheck: true,
      runRetryDelay: 100,
      settings: { repeatStrategy },
    },
    (_name, bullOptions) =>
      (backend ??= new WorkerLaneBackend(
        {
          connection: sharedConnection(hub.commands),
          pendingQueueName: options.pendingQueueName,
          scripts,
          listWorkers: () => listWorkers(context),
          bullOptions,
          workerId: lane.workerId,
          payloadCodec: options.payloadCodec,
        },
        lane,
      )),
  );
  if (backend === undefined) throw new Error('BullMQ did not ask for a backend');
  return { worker, backend };
}
