import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueueModuleOptions } from 'nestjs-affinity-queue';
import { checkHistoryFiles, describeReport, type HistoryReport } from 'nestjs-affinity-queue/history';
import { counts, type LoggedFault } from '../faults/fault-log.js';
import { readEnded, type Ended } from '../history/ended.js';
import { Timeline } from '../history/timeline.js';
import { readKeptWitness } from '../history/witness-follower.js';
import { duplicatesByCause } from '../measures/duplicates.js';
import { failoverTimes } from '../measures/failover.js';
import { tally } from '../measures/tally.js';
import { missesBar } from '../report/bars.js';
import { Cluster } from '../stage/cluster.js';
import { lastingKeys } from '../stage/lasting-keys.js';
import { keys, pendingQueueName } from '../stage/queue-names.js';
import { until } from '../stage/until.js';
import type { WitnessedScripts } from '../witness/test-build.js';
import { isClean, type EpisodeOutcome, type Samples } from './outcome.js';

const drainsWithinMs = 60_000;

/** What an experiment does in an episode. */
export interface Play {
  /** Writes down what became of a fault. */
  log(fault: LoggedFault): void;
  /** A point of "every step" was. */
  reached(point: string): void;
  /** A fault that was planned, and that nothing led to. */
  missed(fault: string): void;
  /** Something must not have happened. */
  readonly problem: (text: string) => void;
}

/** What is written down of an episode that is over. */
export interface EpisodeRecords extends Pick<Play, 'problem'> {
  readonly timeline: Timeline;
  readonly ended: Ended;
}

export interface EpisodeSetup {
  readonly experiment: string;
  readonly seed: number;
  /** Histories go into a folder of it. */
  readonly folder: string;
  readonly scripts: WitnessedScripts;
  readonly redisArgs?: readonly string[];
  readonly redisEnvironment?: Readonly<Record<string, string>>;
  readonly options?: QueueModuleOptions;
  readonly mostWaiting?: number;
  /** What else is looked for and measured in what happened. */
  readonly measure?: (records: EpisodeRecords) => Samples;
  readonly play: (cluster: Cluster, play: Play) => Promise<void>;
  /** What else has to be so when everything that was added has ended, and everybody still works. */
  readonly whenQuiet?: (cluster: Cluster, play: Play) => Promise<void>;
  /** And when everybody has stopped. */
  readonly whenStopped?: (cluster: Cluster, play: Play) => Promise<void>;
}

/**
 * Starts a cluster, lets the experiment play with it, lets it drain and stop, and checks what everybody wrote down. Histories
 * are kept if something was found, and if something took too long.
 */
export async function runEpisode(setup: EpisodeSetup): Promise<EpisodeOutcome> {
  const { experiment, seed } = setup;
  const startedAt = performance.now();
  const folder = join(setup.folder, `${experiment}-${seed}`);
  await rm(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const faults: LoggedFault[] = [];
  const problems: string[] = [];
  const reached: string[] = [];
  const missed: string[] = [];
  const play: Play = {
    log: (fault) => faults.push(fault),
    reached: (point) => reached.push(point),
    missed: (fault) => missed.push(fault),
    problem: (text) => problems.push(text),
  };
  const cluster = await Cluster.start({ ...setup, folder });
  try {
    await setup.play(cluster, play);
    await end(cluster, play, setup);
  } catch (error) {
    problems.push(
      `the episode broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  } finally {
    await cluster.close();
  }
  for (const { pid, exit, lines } of cluster.ended)
    problems.push(
      `process ${pid} ended by itself with ${JSON.stringify(exit)}:\n${lines.slice(-20).join('\n')}`,
    );
  problems.push(...cluster.failures.map((failure) => `an instance did not start: ${String(failure)}`));
  if (cluster.witness.registered === 0) problems.push('nobody ran the witnessed scripts');

  if (missed.length > 0)
    problems.push(`${missed.length} points were never reached:\n  ${missed.join('\n  ')}`);

  const report = await checkHistoryFiles(folder, {
    queue: pendingQueueName,
    witness: readKeptWitness(cluster.witness.path),
  });
  const timeline = await Timeline.read(folder);
  const ended = await readEnded(cluster.witness.path);
  const outcome: EpisodeOutcome = {
    experiment,
    seed,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    counts: report.counts,
    faults,
    reached,
    missed,
    violations: report.violations,
    problems,
    overlaps: overlapsByFault(report),
    undecided: undecidedByReason(report),
    failovers: report.failovers,
    stalls: timeline.stalls,
    restarts: cluster.restarts,
    samples: {
      ...failoverTimes(timeline, ended),
      ...setup.measure?.({ timeline, ended, problem: play.problem }),
    },
    duplicates: duplicatesByCause(timeline),
    kept: folder,
  };
  writeFileSync(join(folder, 'outcome.json'), JSON.stringify(outcome, null, 2));
  writeFileSync(join(folder, 'report.txt'), `${describeReport(report)}\n`);
  if (!isClean(outcome) || missesBar(outcome.samples)) return outcome;
  await rm(folder, { recursive: true, force: true });
  return { ...outcome, kept: undefined };
}

/** How many of the faults count. */
export function countedFaults({ faults }: EpisodeOutcome): number {
  return faults.filter(counts).length;
}

/** No more faults: everything that was added ends, everybody stops, and what is left is written down. */
async function end(
  cluster: Cluster,
  play: Play,
  { whenQuiet, whenStopped }: Pick<EpisodeSetup, 'whenQuiet' | 'whenStopped'>,
): Promise<void> {
  for (const { proxy } of cluster.instances) proxy.heal();
  cluster.produce(false);
  await cluster.settled();
  const isQuiet = await until('the queue is quiet', () => cluster.isQuiet(), {
    timeoutMs: drainsWithinMs,
    everyMs: 50,
  }).catch((error: unknown) => {
    play.problem(String(error));
    return false;
  });
  if (isQuiet) {
    cluster.recorder.record('drained', {}, pendingQueueName);
    await whenQuiet?.(cluster, play);
  }
  await cluster.stopAll();
  await whenStopped?.(cluster, play);
  await recordFates(cluster);
  const left = await lastingKeys(cluster);
  if (isQuiet) cluster.recorder.record('keys.left', { keys: left }, pendingQueueName);
}

/** What Redis says about tasks whose end nobody recorded. */
async function recordFates({ folder, redis, recorder }: Cluster): Promise<void> {
  recorder.flush();
  const timeline = await Timeline.read(folder);
  const open = new Set(timeline.of('add.acknowledged').map(({ task }) => task));
  for (const { task, outcome } of timeline.of('outcome.committed'))
    if (outcome === 'completed' || outcome === 'failed') open.delete(task);
  for (const task of open) {
    const [completed, failed, exists] = await Promise.all([
      redis.zscore(keys.completed, task),
      redis.zscore(keys.failed, task),
      redis.exists(keys.task(task)),
    ]);
    const state =
      completed !== null ? 'completed' : failed !== null ? 'failed' : exists === 1 ? 'unfinished' : 'unknown';
    recorder.record('task.seen', { task, state }, pendingQueueName);
  }
}

function overlapsByFault({ overlaps }: HistoryReport): Record<string, number> {
  return tally(
    overlaps.map(({ evidence }) => {
      const fault = evidence.find((one) => 'type' in one && one.type === 'fault');
      return fault !== undefined && 'kind' in fault ? fault.kind : 'unknown';
    }),
  );
}

function undecidedByReason({ undecided }: HistoryReport): Record<string, number> {
  return Object.fromEntries(
    undecided.map(({ invariant, reason, count }) => [`${invariant}: ${reason}`, count]),
  );
}
