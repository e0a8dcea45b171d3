/** Of what the command line says. */
interface Decisive {
  readonly seed: number;
  readonly seedsPerPoint: number;
  readonly attempts: number;
  readonly minutes: number;
  readonly only?: string | undefined;
  readonly bug: string | undefined;
  readonly steps: string | undefined;
}

/**
 * What plays one episode of a campaign again, exactly as it was: whatever decides what it plays is said, so that neither a
 * default nor the rest of the campaign matters.
 */
export function replayCommand(experiment: string, options: Decisive, episode: number): string {
  const { seed, seedsPerPoint, attempts, minutes, only, bug, steps } = options;
  const words = ['--seed', seed, '--from', episode, '--episodes', 1];
  if (experiment === 'every-step') words.push('--seeds-per-point', seedsPerPoint);
  if (experiment === 'every-step' && steps !== undefined) words.push('--steps', quoted(steps));
  if (experiment === 'bugs') words.push('--attempts', attempts);
  if (experiment === 'soak') words.push('--minutes', minutes);
  if (experiment === 'model' && only !== undefined) words.push('--only', only);
  if (bug !== undefined) words.push('--bug', quoted(bug));
  return ['npm run chaos --', experiment, ...words].join(' ');
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
