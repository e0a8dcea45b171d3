import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ElectionService } from 'nestjs-affinity-queue';

const DEADLINE_MS = 2_000;

export interface Health {
  status: 'ok';
  role: string;
  nodeId: string;
  isLeader: boolean;
  /** Null while an election is on, for less than the lock's TTL: tasks are kept and run as soon as it is over. */
  leader: string | null;
}

@Controller('health')
export class HealthController {
  constructor(private readonly electionService: ElectionService) {}

  /** 503 when Redis does not answer in time, and when there has been no leader for the lock's TTL. */
  @Get()
  async getHealth(): Promise<Health> {
    const leader = await this.findLeader();
    if (leader === null && this.electionService.isLeaderless) {
      throw new ServiceUnavailableException('There is no leader: no tasks are assigned.');
    }
    return {
      status: 'ok',
      role: process.env.APP_ROLE || 'BOTH',
      nodeId: this.electionService.nodeId,
      isLeader: this.electionService.isLeader(),
      leader,
    };
  }

  private async findLeader(): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`Redis did not answer within ${DEADLINE_MS} ms.`)),
        DEADLINE_MS,
      );
    });
    try {
      const leader = await Promise.race([this.electionService.getLeader(), deadline]);
      return leader?.nodeId ?? null;
    } catch (error) {
      throw new ServiceUnavailableException((error as Error).message, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
