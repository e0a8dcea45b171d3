/** The benchmark: see `usage`. BENCH_REDIS_URL is a Redis that it may flush; tools/bench.mjs starts one. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { comparisonLines, ratiosOf, readBaseline, saveBaseline } from './baseline.js';
import { allCases } from './cases/index.js';
import { readCommandLine, usage, type CommandLine } from './command-line.js';
import { publish } from './publish/publish.js';
import { barLines } from './report/console.js';
import { writeReport, writeResults } from './report/write-report.js';
import { describeMachine } from './run/machine.js';
import { plan } from './run/plan.js';
import { withLater, type CaseResult, type RunResults } from './run/results.js';
import { runPlan } from './run/run-plan.js';
import { Figures } from './statistics/figures.js';

const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  process.exitCode = await main(readCommandLine(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
  process.exitCode = 2;
}

/** @returns 1 if a measurement failed. A missed bar is a result, not a failure. */
async function main(options: CommandLine): Promise<number> {
  if (options.help) {
    log(usage);
    return 0;
  }
  if (options.list) {
    for (const { group, name, title, quickInput } of allCases) {
      log(`${group.padEnd(12)} ${name.padEnd(22)} ${quickInput === undefined ? ' ' : 'q'}  ${title}`);
    }
    return 0;
  }
  const results = await resultsFor(options);
  const figures = new Figures(results);
  const files = await writeReport(results, resolve(options.out));
  log(`\nBars (ratios of this run's medians)\n${barLines(figures).join('\n')}`);
  if (options.quick) await compare(figures, options);
  if (options.publish) log(`\nWritten: ${(await publish(results)).join(', ')}`);
  log(`\n${files.length} files in ${relative(process.cwd(), resolve(options.out)) || '.'}`);
  return results.cases.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

async function resultsFor(options: CommandLine): Promise<RunResults> {
  const { from, into } = options;
  if (from !== undefined) return readResults(from);
  const earlier = into === undefined ? undefined : await readResults(into);
  if (earlier?.form === 'quick') throw new Error(`${into} is a run of the quick form`);
  return measure(options, earlier);
}

async function measure(
  { quick, only, rounds, profile, out }: CommandLine,
  earlier: RunResults | undefined,
): Promise<RunResults> {
  const redisUrl = process.env.BENCH_REDIS_URL;
  if (redisUrl === undefined) throw new Error('BENCH_REDIS_URL is not set: a Redis that may be flushed');
  const planned = plan(allCases, { quick, only, rounds, profile });
  const machine = await describeMachine(redisUrl);
  const startedAt = new Date();
  const resultsOf = (cases: readonly CaseResult[]): RunResults => {
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
    const form = quick ? 'quick' : 'full';
    const results = { form, startedAt: startedAt.toISOString(), seconds, machine, cases } as const;
    return earlier === undefined ? results : withLater(earlier, results);
  };
  // An interrupted run keeps what it has found: `--from` makes its report.
  const onCase = async (cases: readonly CaseResult[]): Promise<void> => {
    await writeResults(resultsOf(cases), resolve(out));
  };
  return resultsOf(await runPlan(planned, redisUrl, { log, onCase }));
}

async function readResults(file: string): Promise<RunResults> {
  return JSON.parse(await readFile(file, 'utf8')) as RunResults;
}

async function compare(figures: Figures, { saveBaseline: save }: CommandLine): Promise<void> {
  const lines = comparisonLines(ratiosOf(figures), await readBaseline());
  log(`\nRatios to the peers, beside those kept in baseline.json\n${lines.join('\n')}`);
  if (save) await saveBaseline(figures);
}
