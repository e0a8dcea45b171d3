import type { Failovers } from 'nestjs-affinity-queue/history';
import { counts } from '../faults/fault-log.js';
import type { EpisodeOutcome, MistakeFigures, SearchFigures } from '../experiments/outcome.js';
import { problemKind } from '../experiments/problem-kinds.js';
import type { Machine } from './machine.js';

export interface FaultCounts {
  /** Tried. */
  happened: number;
  /** Seen to hit. */
  hit: number;
  /** And followed by enough attempts that ended. */
  counted: number;
}

/** What the episodes of one run came to; a campaign has one or more of them. */
export interface Chunk {
  readonly experiment: string;
  /** Of the campaign: its episodes have the seeds from there on. */
  readonly seed: number;
  /** Number of the first episode, and of the one after the last. */
  readonly from: number;
  next: number;
  readonly startedAt: string;
  seconds: number;
  readonly machine: Machine;
  /** Of the code that ran, with a "+" where it had been changed since; nothing where there was no git. */
  readonly commit?: string;
  /** What has to be known about it. */
  note?: string;
  tasks: number;
  starts: number;
  commits: number;
  witnessEntries: number;
  processes: number;
  violations: number;
  problems: number;
  /** By kind; chunks of earlier versions only counted them. */
  problemKinds?: Record<string, number>;
  /** What took longer than its bar allows; counted among the problems. Nothing where nobody has looked yet. */
  missedBars?: readonly string[];
  /** Seeds of the episodes in which something was found. */
  failedSeeds: number[];
  faults: Record<string, FaultCounts>;
  /** How often points of "every step" were reached; nothing in chunks of earlier versions. */
  reached?: Record<string, number>;
  /** Points of "every step" that were not reached; each is a part of a problem. */
  missed?: string[];
  overlaps: Record<string, number>;
  undecided: Record<string, number>;
  /** How many failures I8 judged, by what they came to; nothing in chunks of earlier versions. */
  failovers?: Record<keyof Failovers, number>;
  stalls: number;
  restarts: number;
  /** Sequences of scripts, by what they were held against. */
  sequences?: Record<string, number>;
  /** The last search of the model. */
  search?: SearchFigures;
  /** Made on purpose, by name. */
  mistakes?: Record<string, MistakeFigures>;
  duplicates: Record<string, number>;
  samples: Record<string, number[]>;
}

export function newChunk(
  experiment: string,
  seed: number,
  from: number,
  machine: Machine,
  commit?: string,
): Chunk {
  return {
    ...{ experiment, seed, from, next: from, startedAt: new Date().toISOString(), seconds: 0, machine },
    ...(commit !== undefined && { commit }),
    ...{ tasks: 0, starts: 0, commits: 0, witnessEntries: 0, processes: 0 },
    ...{ violations: 0, problems: 0, failedSeeds: [], stalls: 0, restarts: 0 },
    ...{ faults: {}, overlaps: {}, undecided: {}, duplicates: {}, samples: {} },
  };
}

export function addEpisode(chunk: Chunk, outcome: EpisodeOutcome): void {
  chunk.next += 1;
  chunk.seconds += outcome.seconds;
  chunk.tasks += outcome.counts.tasks;
  chunk.starts += outcome.counts.starts;
  chunk.commits += outcome.counts.commits;
  chunk.witnessEntries += outcome.counts.witnessEntries;
  // The campaign writes a history too.
  chunk.processes += outcome.counts.processes - 1;
  chunk.violations += outcome.violations.length;
  addProblems(chunk, outcome.problems);
  chunk.stalls += outcome.stalls;
  chunk.restarts += outcome.restarts ?? 0;
  if (outcome.sequences !== undefined) addTo((chunk.sequences ??= {}), outcome.sequences);
  if (outcome.search !== undefined) chunk.search = outcome.search;
  if (outcome.mistake !== undefined) {
    const { name, ...figures } = outcome.mistake;
    (chunk.mistakes ??= {})[name] = figures;
  }
  if (outcome.violations.length + outcome.problems.length > 0) chunk.failedSeeds.push(outcome.seed);
  for (const point of outcome.reached ?? []) addTo((chunk.reached ??= {}), { [point]: 1 });
  if (outcome.missed?.length) chunk.missed = [...(chunk.missed ?? []), ...outcome.missed];
  for (const fault of outcome.faults) {
    const kind = (chunk.faults[fault.kind] ??= { happened: 0, hit: 0, counted: 0 });
    kind.happened += 1;
    if (fault.hit) kind.hit += 1;
    if (counts(fault)) kind.counted += 1;
  }
  addTo(chunk.overlaps, outcome.overlaps);
  addTo(chunk.undecided, outcome.undecided);
  if (outcome.failovers !== undefined)
    addTo((chunk.failovers ??= { inTime: 0, late: 0, excused: 0 }), { ...outcome.failovers });
  addTo(chunk.duplicates, outcome.duplicates);
  for (const [name, values] of Object.entries(outcome.samples))
    chunk.samples[name] = [...(chunk.samples[name] ?? []), ...values.map((value) => Math.round(value))];
}

export function addProblems(chunk: Chunk, problems: readonly string[]): void {
  chunk.problems += problems.length;
  for (const problem of problems) addTo((chunk.problemKinds ??= {}), { [problemKind(problem)]: 1 });
}

export function countedIn({ faults }: Chunk): number {
  return Object.values(faults).reduce((sum, { counted }) => sum + counted, 0);
}

export function addTo(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}
