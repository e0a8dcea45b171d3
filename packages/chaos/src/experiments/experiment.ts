import type { WitnessedScripts } from '../witness/test-build.js';
import type { EpisodeOutcome } from './outcome.js';

/** What an experiment is given. */
export interface CampaignSetup {
  readonly seed: number;
  /** Faults that are to count; infinite where the number of episodes is given. */
  readonly faults: number;
  /** So many, whatever counts in them; what they come to is no part of the campaign, and is not kept with it. */
  readonly episodes: number | undefined;
  /** Seeds for each point of "every step". */
  readonly seedsPerPoint: number;
  /** How many episodes a mistake has to show itself. */
  readonly attempts: number;
  /** Of a soak. */
  readonly minutes: number;
  /** Of the model: nothing but these sequences. */
  readonly only?: string | undefined;
  /** "Every step": the file of what instances send. */
  readonly stepsFile: string;
  /** Histories go there. */
  readonly folder: string;
  readonly scripts: WitnessedScripts;
  /** Says what happens at the moment. */
  readonly progress: (text: string) => void;
}

/** One way to attack the library. */
export interface Experiment {
  /** As the command line has it. */
  readonly name: string;
  readonly about: string;
  /** How many faults a campaign has if nobody says it. */
  readonly defaultFaults: number;
  /** Whether these are sequences of scripts. */
  readonly countsSequences?: boolean;
  /**
   * Plays the episodes of a campaign from number `from` on, one after the other, each with a seed of its own that gives the
   * same episode again. Whoever runs the campaign stops asking when enough faults have counted.
   */
  episodes(setup: CampaignSetup, from: number): AsyncGenerator<EpisodeOutcome>;
}
