import { bugs } from './bugs.js';
import { everyStep } from './every-step/every-step.js';
import type { Experiment } from './experiment.js';
import { clock } from './disasters/clock.js';
import { full } from './disasters/full.js';
import { powerLoss } from './disasters/power-loss.js';
import { promotion } from './disasters/promotion.js';
import { failover, sameHost } from './failover.js';
import { model } from './model.js';
import { random } from './random.js';
import { rolling } from './rolling.js';
import { short } from './short.js';
import { soak } from './soak.js';

/** Everything that `npm run chaos` can do, in the order of the report. */
export const experiments: readonly Experiment[] = [
  everyStep,
  random,
  failover,
  sameHost,
  rolling,
  powerLoss,
  clock,
  full,
  promotion,
  soak,
  model,
  bugs,
  short,
];
