import { IncompatibleLayoutError } from '../errors/errors.js';
import { AffinityInstance } from '../module/affinity-instance.js';
import type { QueueRuntime } from '../module/queue-runtime.js';
import { processEnv } from '../options/env.js';
import { resolveRootOptions } from '../options/resolve-options.js';
import { layoutVersion } from '../redis/queue-keys.js';
import { CommandFailure, exitCode } from './exit-codes.js';

/** Somebody waits for the answer. */
const answerWithinMs = 3_000;

/** Which queue, and where. */
export interface QueueAddress {
  readonly url?: string;
  readonly queue?: string;
}

/** A queue that is open for questions. It is no worker and no candidate, and nobody sees it. */
export interface OpenQueue extends Pick<QueueRuntime, 'queueService' | 'electionService'> {
  readonly name: string;
  /** Where Redis is, without credentials. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Opens a queue without starting anything. The prefix of its worker queues is what its control hash says: nobody has to know
 * it.
 *
 * @throws {@link CommandFailure} for a queue that nobody has used yet, and what the module throws at its start
 */
export async function openQueue(address: QueueAddress): Promise<OpenQueue> {
  try {
    return await openWith(address, undefined);
  } catch (error) {
    const prefix = error instanceof IncompatibleLayoutError ? prefixIn(error.details.found) : undefined;
    if (prefix === undefined) throw error;
    return openWith(address, prefix);
  }
}

async function openWith({ url, queue }: QueueAddress, prefix: string | undefined): Promise<OpenQueue> {
  const instance = new AffinityInstance();
  const { options } = resolveRootOptions(
    {
      role: 'PRODUCER',
      redisOptions: { commandTimeout: answerWithinMs, ...(url !== undefined && { url }) },
      queueOptions: {
        ...(queue !== undefined && { pendingQueueName: queue }),
        ...(prefix !== undefined && { workerQueuePrefix: prefix }),
      },
    },
    processEnv,
  );
  const runtime = instance.join({ options, warnings: [] });
  try {
    await instance.open();
    const { hub, keys } = runtime.context;
    if ((await hub.commands.exists(keys.control, `${keys.base}meta`)) === 0) {
      const message = `There is no queue '${options.pendingQueueName}' in Redis at ${hub.address}: nobody has used it yet (--queue takes the name of the pending queue)`;
      throw new CommandFailure(message, exitCode.notFound);
    }
    const { queueService, electionService } = runtime;
    return {
      name: options.pendingQueueName,
      address: hub.address,
      queueService,
      electionService,
      close: () => instance.close(),
    };
  } catch (error) {
    await instance.close();
    throw error;
  }
}

/** "1:worker-queue" */
function prefixIn(layout: string | undefined): string | undefined {
  const [version, ...prefix] = (layout ?? '').split(':');
  return version === layoutVersion ? prefix.join(':') || undefined : undefined;
}
