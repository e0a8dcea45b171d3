import {
  BadRequestException,
  ForbiddenException,
  Inject,
  Injectable,
  NotFoundException,
  ServiceUnavailableException,
  type OnModuleDestroy,
} from '@nestjs/common';
import {
  CommandTimeoutError,
  InvalidArgumentError,
  InvalidTaskError,
  QueueClosedError,
} from '../errors/errors.js';
import { AffinityInstance } from '../module/affinity-instance.js';
import type { QueueRuntime } from '../module/queue-runtime.js';
import { QueueCollector, type Sighting } from './collector/queue-collector.js';
import type { ResolvedSettings } from './dashboard-options.js';
import { EventSourceStream } from './http/event-source.js';
import type { HttpResponse } from './http/exchange.js';
import { parseAction, perform, type ActionResult } from './tasks/actions.js';
import { readFailures, type FailurePage } from './tasks/failures.js';
import { lookUpTask, type TaskView } from './tasks/task-lookup.js';

export const dashboardSettingsToken = 'AffinityQueue:DashboardSettings';

/** What the page is told first. */
interface Greeting {
  readonly title: string;
  readonly readOnly: boolean;
  readonly queue: string;
  /** Of the instance that answers. */
  readonly maxBatchSize: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly queues: readonly { readonly queue: string; readonly name: string | null }[];
}

/** Pages that may be open at a time, on one instance. */
const maxViewers = 100;

/** The queues of the application, and those who look at them. */
@Injectable()
export class DashboardService implements OnModuleDestroy {
  readonly #collectors = new Map<string, QueueCollector>();
  readonly #streams = new Set<EventSourceStream>();
  #isClosed = false;

  constructor(
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
    @Inject(dashboardSettingsToken) private readonly settings: ResolvedSettings,
  ) {}

  /** Streams would keep the server from closing. */
  async onModuleDestroy(): Promise<void> {
    this.#isClosed = true;
    for (const stream of [...this.#streams]) stream.close();
    await Promise.all([...this.#collectors.values()].map((collector) => collector.close()));
  }

  /** Sends what happens in a queue until the viewer leaves. */
  watch(queue: string, response: HttpResponse): void {
    if (this.#isClosed) throw new ServiceUnavailableException('The application is shutting down');
    if (this.#streams.size >= maxViewers)
      throw new ServiceUnavailableException(`${maxViewers} pages are open on this instance already`);
    const runtime = this.#find(queue);
    let leave = (): void => undefined;
    const stream = new EventSourceStream(response, () => {
      this.#streams.delete(stream);
      leave();
    });
    if (!stream.isOpen) return;
    this.#streams.add(stream);
    stream.send('greeting', JSON.stringify(this.#greeting(runtime)));
    const stop = this.#collectorOf(runtime).watch((sighting) => {
      stream.send(sighting.kind, encode(sighting));
    });
    leave = stop;
    if (!this.#streams.has(stream)) stop();
  }

  async failures(queue: string, from: string): Promise<FailurePage> {
    const position = Number(from || 0);
    if (!Number.isSafeInteger(position) || position < 0)
      throw new BadRequestException('from: not a position');
    const { context } = this.#find(queue);
    return guarded(() => readFailures(context, position));
  }

  async task(queue: string, jobId: string): Promise<TaskView> {
    const { queueService } = this.#find(queue);
    return guarded(() => lookUpTask(queueService, jobId));
  }

  async act(body: unknown): Promise<ActionResult> {
    if (this.settings.readOnly)
      throw new ForbiddenException('This dashboard is read-only (DashboardModule option readOnly)');
    const action = parseAction(body);
    if (action === undefined) throw new BadRequestException('Not an action of this dashboard');
    const { queue } = body as { queue?: unknown };
    const runtime = this.#find(typeof queue === 'string' ? queue : '');
    return guarded(() => perform(runtime, action));
  }

  #greeting({ options }: QueueRuntime): Greeting {
    return {
      ...this.settings,
      queue: options.pendingQueueName,
      maxBatchSize: options.maxBatchSize,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs,
      queues: this.instance.queues.map((one) => ({
        queue: one.options.pendingQueueName,
        name: one.options.name ?? null,
      })),
    };
  }

  /** @param queue - name of a pending queue; "": the first one */
  #find(queue: string): QueueRuntime {
    const { queues } = this.instance;
    const found = queue === '' ? queues[0] : queues.find(({ options }) => options.pendingQueueName === queue);
    if (found === undefined) throw new NotFoundException('There is no such queue in this application');
    return found;
  }

  #collectorOf(runtime: QueueRuntime): QueueCollector {
    const { pendingQueueName } = runtime.options;
    const present = this.#collectors.get(pendingQueueName);
    if (present !== undefined) return present;
    const collector = new QueueCollector(runtime);
    this.#collectors.set(pendingQueueName, collector);
    return collector;
  }
}

const encoded = new WeakMap<Sighting, string>();

/** All viewers of a queue are sent the same: it is made text once. */
function encode(sighting: Sighting): string {
  const present = encoded.get(sighting);
  if (present !== undefined) return present;
  const text = JSON.stringify(sighting.kind === 'state' ? sighting.state : { error: sighting.error });
  encoded.set(sighting, text);
  return text;
}

async function guarded<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof InvalidTaskError || error instanceof InvalidArgumentError)
      throw new BadRequestException(error.message, { cause: error });
    if (error instanceof CommandTimeoutError || error instanceof QueueClosedError)
      throw new ServiceUnavailableException(error.message, { cause: error });
    throw error;
  }
}
