import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { countedIn } from '../campaign/chunk.js';
import { describeMachine } from '../campaign/machine.js';
import { revision } from '../campaign/revision.js';
import { Results } from '../campaign/results.js';
import { runCampaign } from '../campaign/run-campaign.js';
import type { Experiment } from '../experiments/experiment.js';
import { isClean, type EpisodeOutcome } from '../experiments/outcome.js';
import { publish, publishedResults } from '../report/publish.js';
import { RedisServer } from '../stage/redis-server.js';
import { witnessedScripts } from '../witness/test-build.js';
import { replayCommand } from './replay.js';
import { summary } from './summary.js';

/** What the command line says. */
export interface PlayOptions {
  readonly seed: number;
  readonly faults: number;
  readonly seedsPerPoint: number;
  readonly attempts: number;
  readonly minutes: number;
  readonly only?: string | undefined;
  readonly chunkMinutes: number;
  readonly resume: boolean;
  readonly from: number | undefined;
  readonly episodes: number | undefined;
  readonly bug: string | undefined;
  readonly results: string;
  readonly publish: boolean;
  readonly folder: string;
  /** Other than the one next to the results. */
  readonly steps: string | undefined;
}

/** Runs a chunk of a campaign and shows what it does. */
export async function play(experiment: Experiment, options: PlayOptions): Promise<void> {
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  const scripts = await witnessedScripts(folder, options.bug);
  const machine = describeMachine(await redisVersion());
  const bar = new SingleBar({
    format: `${experiment.name} |{bar}| {value}/{total} faults | {seconds} s | {text}`,
    clearOnComplete: true,
    hideCursor: true,
  });
  const results = new Results(options.publish ? publishedResults : resolve(options.results));
  const stepsFile = resolve(options.steps ?? join(dirname(results.file), `every-step-${options.seed}.json`));
  const startedAt = performance.now();
  let text = '';
  const show = (): void => {
    bar.update({ text, seconds: Math.round((performance.now() - startedAt) / 1_000) });
  };
  bar.start(Number.isFinite(options.faults) ? options.faults : 0, 0, { text, seconds: 0 });
  const { chunk, isUnfinished } = await runCampaign(experiment, {
    ...options,
    folder,
    scripts,
    stepsFile,
    machine,
    commit: revision(),
    results,
    progress: (now) => {
      text = now;
      show();
    },
    onEpisode: (outcome, so) => {
      bar.update(countedIn(so));
      show();
      if (!isClean(outcome)) {
        const again = replayCommand(experiment.name, { ...options, steps: stepsFile }, so.next - 1);
        process.stderr.write(`\n${describeFailure(outcome, again)}\n`);
      }
    },
  });
  bar.stop();
  process.stdout.write(`${summary(chunk)}\n`);
  if (options.publish) publish(results);
  if (isUnfinished)
    process.stdout.write('The time of the chunk is over: the same command with --resume goes on.\n');
  if (chunk.violations + chunk.problems > 0) process.exitCode = 1;
}

function describeFailure(
  { experiment, seed, violations, problems, kept }: EpisodeOutcome,
  again: string,
): string {
  return [
    `${experiment}: ${violations.length} violations, ${problems.length} problems with seed ${seed}`,
    ...violations.slice(0, 10).map(({ invariant, message }) => `  ${invariant}: ${message}`),
    ...problems.map((problem) => `  ${problem}`),
    `  again: ${again}`,
    `  its history: ${String(kept)}`,
  ].join('\n');
}

async function redisVersion(): Promise<string> {
  const server = await RedisServer.start([]);
  try {
    return /redis_version:(\S+)/.exec(await server.connect().info('server'))?.[1] ?? 'unknown';
  } finally {
    await server.close();
  }
}
