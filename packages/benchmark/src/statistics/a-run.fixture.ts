import type { MetricName } from '../cases/metrics.js';
import type { PeerName } from '../peers/names.js';
import type { CaseResult, RunResults } from '../run/results.js';

/** Results for specs: one metric of one case, a value per round. */
export function aResult(
  name: string,
  metric: MetricName,
  rounds: Partial<Record<PeerName, readonly number[]>>,
  group = name,
): CaseResult {
  const measured = Object.entries(rounds) as [PeerName, readonly number[]][];
  return {
    name,
    title: `title of ${name}`,
    group,
    peers: measured.map(([peer]) => peer),
    metrics: [metric],
    input: {},
    samples: measured.flatMap(([peer, values]) =>
      values.map((value, index) => ({ round: index + 1, peer, values: { [metric]: value } })),
    ),
    failures: [],
    profiles: [],
  };
}

export function aRun(cases: readonly CaseResult[]): RunResults {
  return {
    form: 'full',
    startedAt: '2026-01-02T03:04:05.000Z',
    seconds: 90,
    machine: {
      cpu: 'a CPU',
      cores: 2,
      memoryGiB: 8,
      system: 'linux',
      loadBefore: 0,
      node: 'v20',
      redis: '7.0',
      durability: 'in memory only',
      packages: { bullmq: '6.7.0' },
    },
    cases,
  };
}
