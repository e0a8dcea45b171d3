import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly rounds: number | undefined;
  readonly out: string;
  readonly saveBaseline: boolean;
  readonly help: boolean;
  readonly list: boolean;
  /** Make PERFORMANCE.md from the run. */
  readonly publish: boolean;
  readonly profile: boolean;
  /** Make the reports anew from the results of an earlier run. */
  readonly from: string | undefined;
  /** Put what is measured into the results of an earlier run. */
  readonly into: string | undefined;
}

export const usage = `npm run bench [-- options]
  --quick            a smaller load and fewer cases, in less than a minute; compares with packages/benchmark/baseline.json
  --only <name>      a case or a group of cases; may be given several times
  --rounds <n>       rounds (default: 5; with --quick 1, and 2 where it matters); some cases never take more than 1 or 3
  --out <folder>     where results.json, results.md and the charts go (default: packages/benchmark/reports/<form>)
  --save-baseline    with --quick: keep this run's ratios as packages/benchmark/baseline.json
  --from <file>      measure nothing: make the reports from an earlier results.json
  --into <file>      with --only: put these cases into an earlier results.json
  --profile          with --quick too: one more round, where the time goes in Node and Redis, per task
  --publish          with the full form: make PERFORMANCE.md from packages/benchmark/PERFORMANCE.template.md and this run, and keep the run
  --list             show the cases`;

/** @throws for options that do not exist or make no sense */
export function readCommandLine(words: string[]): CommandLine {
  const { values } = parseArgs({
    args: words,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      out: { type: 'string' },
      'save-baseline': { type: 'boolean', default: false },
      from: { type: 'string' },
      into: { type: 'string' },
      profile: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const { quick, only, help, list, from, into, publish } = values;
  if (values['save-baseline'] && !quick) throw new Error('--save-baseline belongs to --quick');
  if (into !== undefined && (quick || only.length === 0 || from !== undefined)) {
    throw new Error('--into belongs to --only, in the full form and without --from');
  }
  if (publish && (quick || (only.length > 0 && into === undefined))) {
    throw new Error(
      '--publish needs the full form with all its cases: no --quick, and no --only without --into',
    );
  }
  return {
    quick,
    only,
    rounds: values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds),
    list,
    help,
    from,
    into,
    publish,
    profile: values.profile || !quick,
    saveBaseline: values['save-baseline'],
    out: values.out ?? fileURLToPath(new URL(`../reports/${quick ? 'quick' : 'full'}`, import.meta.url)),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${name} must be a whole number from 1, not "${text}"`);
}
