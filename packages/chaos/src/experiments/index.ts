import { everyStep } from './every-step/every-step.js';
import type { Experiment } from './experiment.js';
import { failover } from './failover.js';
import { model } from './model.js';
import { random } from './random.js';
import { rolling } from './rolling.js';
import { short } from './short.js';
import { soak } from './soak.js';

/** Everything that `npm run chaos` can do, in the order of the report. */
export const experiments: readonly Experiment[] = [everyStep, random, failover, rolling, soak, model, short];
