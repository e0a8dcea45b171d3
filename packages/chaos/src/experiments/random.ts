import type { Experiment } from './experiment.js';
import { randomFaults } from './random-faults.js';

/** Always as many, so that seed and number say what an episode plays; the last one may go beyond what was asked for. */
const faultCount = 25;

/** Many faults per start of the processes, so that what one leaves behind meets the next. */
export const randomBy = (play: typeof randomFaults): Experiment => ({
  name: 'random',
  about: 'faults of all kinds, on 3 to 5 instances with tasks of all kinds',
  defaultFaults: 300,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1)
      yield await play({ seed: seed + episode, folder, scripts, faultCount, onFault: progress });
  },
});

export const random = randomBy(randomFaults);
