import { metrics } from '../cases/metrics.js';
import type { Values } from '../measurements/measurement.js';
import { peers, type PeerName } from '../peers/index.js';
import { runMeasurement } from './child.js';
import type { Planned } from './plan.js';
import type { CaseResult, Failure, Sample } from './results.js';

/** Runs the cases one after the other; within a case the peers take turns, each round beginning with another one. */
export async function runPlan(
  planned: readonly Planned[],
  redisUrl: string,
  log: (line: string) => void,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of planned) {
    log(`\n${one.bench.name}: ${one.bench.title}`);
    results.push(await runCase(one, redisUrl, log));
  }
  return results;
}

async function runCase(
  { bench, input, warmUp, rounds }: Planned,
  redisUrl: string,
  log: (line: string) => void,
): Promise<CaseResult> {
  const samples: Sample[] = [];
  const failures: Failure[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of inTurn(bench.peers, round)) {
      const head = `  ${round}/${rounds}  ${peers[peer].title.padEnd(22)}`;
      try {
        const values = await runMeasurement(
          { peer, measurement: bench.measurement, input, warmUp },
          redisUrl,
        );
        samples.push({ round, peer, values });
        log(head + describe(bench.metrics, values));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ round, peer, reason });
        log(`${head}failed: ${reason}`);
      }
    }
  }
  const { name, title, group, x, peers: measured, metrics: shown } = bench;
  return { name, title, group, ...(x && { x }), peers: measured, metrics: shown, input, samples, failures };
}

function inTurn(names: readonly PeerName[], round: number): PeerName[] {
  const first = (round - 1) % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

function describe(shown: CaseResult['metrics'], values: Values): string {
  return shown
    .slice(0, 4)
    .map((name) => `${Number(values[name]).toFixed(metrics[name].digits)} ${metrics[name].label}`)
    .join(' · ');
}
