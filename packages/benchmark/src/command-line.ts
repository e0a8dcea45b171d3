import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly out: string;
  readonly saveBaseline: boolean;
  readonly list: boolean;
  /** Make the reports anew from the results of an earlier run. */
  readonly from: string | undefined;
}

export const usage = `npm run bench [-- options]
  --quick            a smaller load and fewer cases, in less than a minute; compares with packages/benchmark/baseline.json
  --only <name>      a case or a group of cases; may be given several times
  --rounds <n>       rounds (default: 5; 3 with --quick); some cases never take more than 1 or 3
  --out <folder>     where results.json, results.md and the charts go (default: packages/benchmark/reports/<form>)
  --save-baseline    with --quick: keep this run's ratios as packages/benchmark/baseline.json
  --from <file>      measure nothing: make the reports from an earlier results.json
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
      list: { type: 'boolean', default: false },
    },
  });
  const { quick, only, list, from } = values;
  const rounds = Number(values.rounds ?? (quick ? 3 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number from 1, not "${values.rounds}"`);
  if (values['save-baseline'] && !quick) throw new Error('--save-baseline belongs to --quick');
  return {
    quick,
    only,
    rounds,
    list,
    from,
    saveBaseline: values['save-baseline'],
    out: values.out ?? fileURLToPath(new URL(`../reports/${quick ? 'quick' : 'full'}`, import.meta.url)),
  };
}
