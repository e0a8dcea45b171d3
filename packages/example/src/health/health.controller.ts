import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ElectionService } from 'nestjs-affinity-queue';
import { QueueHealthService, type HealthProblem } from 'nestjs-affinity-queue/health';

export interface Health {
  status: 'ok';
  role: string;
  nodeId: string;
  isLeader: boolean;
  /** Null while an election is on, for less than the lock's TTL: tasks are kept and run as soon as it is over. */
  leader: string | null;
  /** Also what is no reason to take this process out of service. */
  problems: readonly HealthProblem[];
}

@Controller('health')
export class HealthController {
  constructor(
    private readonly electionService: ElectionService,
    @Inject(QueueHealthService) private readonly queueHealth: QueueHealthService,
  ) {}

  /**
   * 503 when Redis does not answer in time, when a worker of this process lost its lease, and when there has been no leader
   * for the lock's TTL; the body says which.
   */
  @Get()
  async getHealth(): Promise<Health> {
    const health = await this.queueHealth.check(['redis', 'workers']);
    const queues = Object.values(health.queues);
    const isLeaderless = this.electionService.isLeaderless && queues.some(({ leader }) => leader === null);
    if (health.status === 'down' || isLeaderless) {
      throw new ServiceUnavailableException({ ...health, status: 'down' });
    }
    return {
      status: 'ok',
      role: process.env.APP_ROLE || 'BOTH',
      nodeId: this.electionService.nodeId,
      isLeader: this.electionService.isLeader(),
      leader: queues[0]?.leader?.nodeId ?? null,
      problems: queues.flatMap(({ problems }) => problems),
    };
  }
}
