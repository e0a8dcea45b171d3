import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ElectionService } from 'nestjs-affinity-queue';
import { QueueHealthService, type HealthProblem } from 'nestjs-affinity-queue/health';

export interface Health {
  status: 'ok';
  role: string;
  nodeId: string;
  isLeader: boolean;
  /** Null while an election is on: tasks are kept and run as soon as it is over. */
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
   * 503 when Redis does not answer in time, or a worker of this process lost its lease. Without a leader this process can
   * still take tasks over HTTP, so that is among the problems only.
   */
  @Get()
  async getHealth(): Promise<Health> {
    const health = await this.queueHealth.check(['redis', 'workers']);
    if (health.status === 'down') throw new ServiceUnavailableException(health);
    const queues = Object.values(health.queues);
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
