import type { Experiment } from './experiment.js';
import { randomFaults } from './random-faults.js';

const faultsPerEpisode = 25;

/** Many faults per start of the processes, so that what one leaves behind meets the next. */
export const random: Experiment = {
  name: 'random',
  about: 'faults of all kinds, on 3 to 5 instances with tasks of all kinds',
  defaultFaults: 300,
  async *episodes({ seed, faults, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      const faultCount = Math.min(faultsPerEpisode, faults);
      yield await randomFaults({ seed: seed + episode, folder, scripts, faultCount, onFault: progress });
    }
  },
};
