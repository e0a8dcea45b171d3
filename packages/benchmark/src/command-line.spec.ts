import { describe, expect, it } from '@jest/globals';
import { readCommandLine } from './command-line.js';

describe('readCommandLine', () => {
  it('has a folder for each form', () => {
    expect(readCommandLine([]).out).toMatch(/packages\/benchmark\/reports\/full$/);
    expect(readCommandLine(['--quick']).out).toMatch(/packages\/benchmark\/reports\/quick$/);
  });

  it('takes several names, and rounds', () => {
    expect(readCommandLine(['--only', 'latency', '--only', 'add', '--rounds', '7'])).toMatchObject({
      only: ['latency', 'add'],
      rounds: 7,
    });
  });

  it('publishes single cases only into a run that was kept', () => {
    const words = ['--publish', '--only', 'latency', '--into', 'results.json'];
    expect(readCommandLine(words)).toMatchObject({ publish: true, into: 'results.json' });
  });

  it.each([
    [['--rounds', '0'], '--rounds must be a whole number from 1, not "0"'],
    [['--rounds', 'many'], 'not "many"'],
    [['--save-baseline'], '--save-baseline belongs to --quick'],
    [['--publish', '--quick'], '--publish needs the full form'],
    [['--publish', '--only', 'latency'], '--publish needs the full form'],
    [['--into', 'results.json'], '--into belongs to --only'],
    [['--into', 'results.json', '--only', 'latency', '--from', 'other.json'], 'without --from'],
    [
      ['--into', 'results.json', '--only', 'latency', '--quick'],
      '--into belongs to --only, in the full form',
    ],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (words, message) => {
    expect(() => readCommandLine(words)).toThrow(message);
  });
});
