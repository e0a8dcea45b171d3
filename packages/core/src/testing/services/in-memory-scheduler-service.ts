import type { SchedulerService } from '../../scheduler/scheduler-service.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import type { InMemoryElectionService } from './in-memory-election-service.js';
import type { PublicPart } from './public-part.js';

/** {@link SchedulerService} on an engine in memory. */
export class InMemorySchedulerService implements PublicPart<SchedulerService, 'run' | 'lastProgressMs'> {
  #enabled = true;

  constructor(
    private readonly engine: QueueEngine,
    private readonly election: InMemoryElectionService,
  ) {
    election.leadership$.subscribe(() => {
      this.#tell();
    });
  }

  get isScheduling(): boolean {
    return this.#enabled && this.election.isLeader();
  }

  start(): void {
    this.#enabled = true;
    this.#tell();
  }

  stop(): void {
    this.#enabled = false;
    this.#tell();
  }

  #tell(): void {
    this.engine.schedules = this.isScheduling;
  }
}
