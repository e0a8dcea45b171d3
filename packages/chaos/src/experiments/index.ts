import type { Experiment } from './experiment.js';
import { random } from './random.js';

/** Everything that `npm run chaos` can do, in the order of the report. */
export const experiments: readonly Experiment[] = [random];
