import { nodeIdOf } from '../domain/lock-value.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { NeighbourSightings } from './neighbours.interface.js';
import { ProcessTable } from './process-table.js';

export interface NeighbourWatchDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly processes?: Pick<ProcessTable, 'stateOf'>;
}

type Report = [dead: number, asked: number, lockValue: string];

interface Neighbour {
  /** Whether this instance has seen it live. */
  wasAlive: boolean;
  reports: number;
}

const lookEveryMs = 250;
/** How long a process that was never seen has to answer. */
const answerWithinMs = 500;
const retryMs = 1_000;

/**
 * Looks at the other processes of the queue on this host, by procfs and without Redis, and reports one that is dead, so that
 * nobody has to wait until it has been silent for long enough. The protocol is described in RECOVERY.md.
 */
export class NeighbourWatch implements NeighbourSightings {
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #onError: (error: unknown) => void;
  readonly #processes: Pick<ProcessTable, 'stateOf'> | undefined;
  #neighbours = new Map<string, Neighbour>();
  /** When those that were asked for a sign of life may be reported again: a second report is taken for their silence. */
  #answeredBy = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #looking: Promise<void> = Promise.resolve();

  constructor({ context, log, onError, processes }: NeighbourWatchDependencies) {
    this.#context = context;
    this.#log = log;
    this.#onError = onError;
    this.#processes = context.process && (processes ?? new ProcessTable(context.process));
  }

  start(): void {
    this.#running = true;
    this.#schedule(lookEveryMs);
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  sighted(processes: readonly string[]): void {
    const own = this.#context.process?.process;
    const others = processes.filter((process) => process !== own);
    this.#neighbours = new Map(
      others.map((process) => [process, this.#neighbours.get(process) ?? this.#meet(process)]),
    );
    this.#answeredBy = new Map([...this.#answeredBy].filter(([process]) => this.#neighbours.has(process)));
    this.#schedule(lookEveryMs);
  }

  refresh(): void {
    const { hub, keys, process } = this.#context;
    if (process === undefined) return;
    hub.commands.hvals(keys.processesOf(process.host)).then((processes) => {
      this.sighted(processes);
    }, this.#onError);
  }

  #meet(process: string): Neighbour {
    return { wasAlive: this.#processes?.stateOf(process) === 'alive', reports: 0 };
  }

  /** Nothing is looked at, and no timer set, while there is no neighbour. */
  #schedule(inMs: number): void {
    if (!this.#running || this.#timer !== undefined || this.#neighbours.size === 0) return;
    if (this.#processes === undefined) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, inMs);
  }

  async #look(): Promise<void> {
    let nextMs = lookEveryMs;
    for (const [process, neighbour] of this.#neighbours) {
      const state = this.#processes?.stateOf(process);
      if (state === 'alive') neighbour.wasAlive = true;
      if (state !== 'dead' || performance.now() < (this.#answeredBy.get(process) ?? 0)) continue;
      try {
        if (await this.#report(process, neighbour)) nextMs = answerWithinMs;
        else this.#neighbours.delete(process);
      } catch (error) {
        this.#onError(error);
        nextMs = retryMs;
        break;
      }
      if (!this.#running) return;
    }
    this.#timer = undefined;
    this.#schedule(nextMs);
  }

  /** @returns whether it was asked for a sign of life, and is to be reported again if it gives none */
  async #report(process: string, neighbour: Neighbour): Promise<boolean> {
    const { scripts, keys, nodeId, process: own } = this.#context;
    neighbour.reports += 1;
    const [dead, asked, lockValue] = (await scripts.run('reportDeath', {
      caller: nodeId,
      keys: [keys.electionEpoch, keys.leaderInfo, keys.electionVacancy],
      args: [own!.host, process, neighbour.wasAlive ? 1 : 0],
    })) as Report;
    // Timers can be a millisecond early.
    if (asked > 0) this.#answeredBy.set(process, performance.now() + answerWithinMs - 1);
    if (dead > 0) this.#log.warn('processDied', { processId: Number(process.split(':')[0]), workers: dead });
    if (lockValue !== '') this.#log.warn('leaderProcessDied', { nodeId: nodeIdOf(lockValue) });
    return asked > 0 && neighbour.reports < 2;
  }
}
