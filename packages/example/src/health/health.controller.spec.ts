import { describe, expect, it } from '@jest/globals';
import { ServiceUnavailableException } from '@nestjs/common';
import type { ElectionService } from 'nestjs-affinity-queue';
import type { HealthProblem, QueueHealthService } from 'nestjs-affinity-queue/health';
import { HealthController } from './health.controller.js';

function controller(
  leader: string | null,
  { isLeaderless = false, problems = [] as HealthProblem[] } = {},
): HealthController {
  const election = { nodeId: 'this-one', isLeaderless, isLeader: () => false };
  const queue = { leader: leader === null ? null : { nodeId: leader }, problems };
  const decisive = problems.some((problem) => ['redis-unreachable', 'worker-lease-lost'].includes(problem));
  const health = { check: async () => ({ status: decisive ? 'down' : 'up', queues: { q: queue } }) };
  return new HealthController(
    election as unknown as ElectionService,
    health as unknown as QueueHealthService,
  );
}

describe('HealthController', () => {
  it('names the leader', async () => {
    expect(await controller('other').getHealth()).toMatchObject({ status: 'ok', leader: 'other' });
  });

  it('is well during an election, and when a leader has just been found', async () => {
    const problems: HealthProblem[] = ['no-leader'];
    expect(await controller(null, { problems }).getHealth()).toMatchObject({
      status: 'ok',
      leader: null,
      problems,
    });
    expect(await controller('other', { isLeaderless: true }).getHealth()).toMatchObject({
      status: 'ok',
      leader: 'other',
    });
  });

  it.each([
    ['a leader for a lock TTL', 'no-leader', true],
    ['an answer of Redis', 'redis-unreachable', false],
    ['the lease of its own workers', 'worker-lease-lost', false],
  ] as const)('is not without %s, and says so', async (_what, problem, isLeaderless) => {
    const asked = controller(null, { isLeaderless, problems: [problem] }).getHealth();
    await expect(asked).rejects.toThrow(ServiceUnavailableException);
    await expect(asked).rejects.toMatchObject({
      response: { status: 'down', queues: { q: { problems: [problem] } } },
    });
  });
});
