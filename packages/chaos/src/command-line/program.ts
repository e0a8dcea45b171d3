import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Results } from '../campaign/results.js';
import { experiments } from '../experiments/index.js';
import { sequenceKinds } from '../experiments/model.js';
import { packageFolder } from '../paths.js';
import { publish, publishedResults } from '../report/publish.js';
import { play, type PlayOptions } from './play.js';

/** The command line: one command per experiment. */
export function program(run: typeof play = play): Command {
  const reports = join(packageFolder, 'reports');
  const chaos = new Command('chaos')
    .description(
      'Attacks the library and checks what it did. A failure prints its seed and keeps its history.',
    )
    .exitOverride();
  for (const experiment of experiments) {
    chaos
      .command(experiment.name, { isDefault: experiment.name === 'random' })
      .description(experiment.about)
      .option('--seed <n>', 'the same seed gives the same faults', wholeNumber, 1)
      .option('--from <n>', 'the number of the first episode', wholeNumber)
      .option(
        '--episodes <n>',
        'so many episodes, such as one that failed, instead of --faults; they do not go into the results',
        wholeNumber,
      )
      .option(
        '--faults <n>',
        'go on until so many faults have counted',
        wholeNumber,
        experiment.defaultFaults,
      )
      .option('--seeds-per-point <n>', 'every-step: how often each point is tried', wholeNumber, 3)
      .option('--steps <file>', 'every-step: what instances send; next to the results if left out')
      .option('--attempts <n>', 'bugs: how many episodes each mistake has to show itself', wholeNumber, 2)
      .option('--minutes <n>', 'soak: how long', wholeNumber, 60)
      .option('--only <kind>', `model: nothing but these sequences: ${Object.keys(sequenceKinds).join(', ')}`)
      .option(
        '--chunk-minutes <n>',
        'begin no further episode after that; go on later with --resume',
        wholeNumber,
        30,
      )
      .option('--resume', 'go on where the last chunk of this seed ended', false)
      .option(
        '--bug <name>',
        'with a mistake in the scripts that the campaign has to find: see docs/guides/history.md',
      )
      .option('--results <file>', 'chunks are added to it', join(reports, 'results.json'))
      .option(
        '--publish',
        'add the chunk to the committed results, and make docs/reliability.md of them',
        false,
      )
      .option('--folder <folder>', 'histories of failures are kept there', join(reports, 'histories'))
      .action((options: PlayOptions) => run(experiment, options));
  }
  chaos
    .command('report')
    .description('makes docs/reliability.md of the committed results')
    .action(() => {
      publish(new Results(publishedResults));
    });
  return chaos;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a whole number.');
}
