import type { SchedulerService } from '../../scheduler/scheduler-service.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import type { InMemoryElectionService } from './in-memory-election-service.js';
import type { PublicPart } from './public-part.js';

/** {@link SchedulerService} on an engine in memory. */
export class InMemorySchedulerService implements PublicPart<SchedulerService, 'run' | 'lastProgressMs'> {
  #enabled = true;

  constructor(
    engine: QueueEngine,
    private readonly election: InMemoryElectionService,
  ) {
    election.leadership$.subscribe((leads) => {
      engine.schedules = leads;
    });
  }

  get isScheduling(): boolean {
    return this.#enabled && this.election.isLeader();
  }

  start(): void {
    this.#enabled = true;
    this.election.restore();
  }

  stop(): void {
    this.#enabled = false;
    this.election.withdraw();
  }
}
