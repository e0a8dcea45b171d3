import { describe, expect, it } from '@jest/globals';
import { ServiceUnavailableException } from '@nestjs/common';
import type { ElectionService } from 'nestjs-affinity-queue';
import { HealthController } from './health.controller.js';

function controller(leader: string | null | Error, isLeaderless = false): HealthController {
  const election = {
    nodeId: 'this-one',
    isLeaderless,
    isLeader: () => false,
    getLeader: async () => {
      if (leader instanceof Error) throw leader;
      return leader === null ? null : { nodeId: leader };
    },
  };
  return new HealthController(election as unknown as ElectionService);
}

describe('HealthController', () => {
  it('names the leader', async () => {
    expect(await controller('other').getHealth()).toMatchObject({ status: 'ok', leader: 'other' });
  });

  it('is well during an election, and when a leader has just been found', async () => {
    expect(await controller(null).getHealth()).toMatchObject({ status: 'ok', leader: null });
    expect(await controller('other', true).getHealth()).toMatchObject({ status: 'ok', leader: 'other' });
  });

  it('is not without a leader for a lock TTL, nor without an answer of Redis', async () => {
    await expect(controller(null, true).getHealth()).rejects.toThrow(ServiceUnavailableException);
    await expect(controller(new Error('timed out')).getHealth()).rejects.toThrow(ServiceUnavailableException);
  });
});
