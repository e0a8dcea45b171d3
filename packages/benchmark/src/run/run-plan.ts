import { metrics } from '../cases/metrics.js';
import type { Values } from '../measurements/measurement.js';
import { peers, type PeerName } from '../peers/names.js';
import { runMeasurement } from './child.js';
import type { Planned } from './plan.js';
import type { CaseResult, Failure, PeerProfile, Sample } from './results.js';

export interface PlanEvents {
  readonly log: (line: string) => void;
  /** After each case, with all results so far. */
  readonly onCase: (results: readonly CaseResult[]) => Promise<void>;
}

/** Runs the cases one after the other; within a case the peers take turns, each round beginning with another one. */
export async function runPlan(
  planned: readonly Planned[],
  redisUrl: string,
  { log, onCase }: PlanEvents,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of planned) {
    log(`\n${one.bench.name}: ${one.bench.title}`);
    results.push(await new CaseRun(one, redisUrl, log).run());
    await onCase(results);
  }
  return results;
}

class CaseRun {
  readonly #samples: Sample[] = [];
  readonly #failures: Failure[] = [];
  readonly #profiles: PeerProfile[] = [];

  constructor(
    private readonly planned: Planned,
    private readonly redisUrl: string,
    private readonly log: (line: string) => void,
  ) {}

  async run(): Promise<CaseResult> {
    const { bench, input, rounds, profiled } = this.planned;
    for (let round = 1; round <= rounds; round += 1) {
      for (const peer of inTurn(bench.peers, round)) {
        await this.#attempt(peer, round, `${round}/${rounds}`, () => this.#measure(peer, round));
      }
    }
    for (const peer of profiled ? bench.peers : []) {
      await this.#attempt(peer, rounds + 1, 'profile', () => this.#profile(peer));
    }
    const { name, title, group, x, peers: measured, metrics: shown } = bench;
    return {
      name,
      title,
      group,
      ...(x && { x }),
      peers: measured,
      metrics: shown,
      input,
      samples: this.#samples,
      failures: this.#failures,
      profiles: this.#profiles,
    };
  }

  /** A failure is recorded, and the run goes on. */
  async #attempt(peer: PeerName, round: number, label: string, step: () => Promise<string>): Promise<void> {
    const head = `  ${label.padEnd(8)}${peers[peer].title.padEnd(22)}`;
    try {
      this.log(head + (await step()));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#failures.push({ round, peer, reason });
      this.log(`${head}failed: ${reason}`);
    }
  }

  async #measure(peer: PeerName, round: number): Promise<string> {
    const { bench, input, warmUp } = this.planned;
    const { values } = await runMeasurement(
      { peer, measurement: bench.measurement, input, warmUp },
      this.redisUrl,
    );
    this.#samples.push({ round, peer, values });
    return describe(bench.metrics, values);
  }

  async #profile(peer: PeerName): Promise<string> {
    const { bench, input, warmUp } = this.planned;
    const order = { peer, measurement: bench.measurement, input, warmUp, profile: true };
    const { profile } = await runMeasurement(order, this.redisUrl);
    this.#profiles.push({ peer, phases: profile });
    return profile.map(({ phase, seconds }) => `${phase} ${seconds.toFixed(1)} s`).join(' · ');
  }
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
