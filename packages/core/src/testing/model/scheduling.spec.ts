import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { taskDefaults } from '../../options/defaults.js';
import { NewJobs } from '../../producer/new-jobs.js';
import { addTask } from './adding.js';
import { assign, nextDueMs, takeIn } from './dispatch.js';
import { commit, noteLength, type Outcome } from './outcomes.js';
import { pauseTag, resumeTag } from './pausing.js';
import { newQueueState, type QueueState, type WorkerRecord } from './queue-state.js';
import { purgeTag, removeUnfinished } from './removing.js';
import { retryFailed } from './retrying-failed.js';
import { take } from './taking.js';
import type { TaskPlace } from './task-record.js';
import { leaveWorker, registerWorker, retireWorker } from './workers.js';

const maxBatchSize = 3;
const tags = ['a', 'b', 'c', 'wide'];
const failure = { reason: 'no', stack: '' };

/** A queue, its time, and what an observer has seen of it. */
class Scene {
  readonly state: QueueState = newQueueState({
    maxBatchSize,
    identifyTagConcurrency: { default: 1, tags: Object.assign(Object.create(null), { wide: 2 }) },
  });
  nowMs = 1_000;
  readonly #newJobs = new NewJobs({
    maxPayloadBytes: 100,
    maxTagBytes: 100,
    defaultTaskOptions: { ...taskDefaults, removeOnComplete: false, removeOnFail: false },
  });
  #ids = 0;
  #workers = 0;
  /** Sequence numbers of the tasks of each tag with order "block", by their first starts. */
  readonly starts = new Map<string, number[]>();
  /** What was bound since a tag became ready, while it has waited for its turn. */
  readonly readySince = new Map<string, { readonly fencingToken: number; readonly bound: string[] }>();

  add(identifyTag: string, delay: number, skip: boolean): void {
    const options = { delay, ...(skip && { retryOrder: 'skip' as const }) };
    const newJob = this.#newJobs.one({ identifyTag, type: 'note', payload: null }, options);
    const id = `t${(this.#ids += 1)}`;
    addTask(this.state, { ...newJob, id }, this.nowMs);
  }

  join(): void {
    registerWorker(this.state, `w${(this.#workers += 1)}`);
  }

  worker(index: number): WorkerRecord | undefined {
    const workers = [...this.state.workers.values()];
    return workers[index % Math.max(1, workers.length)];
  }

  /** A worker ends what it runs, and takes the next task. */
  work(index: number, type: Outcome['type'], short: boolean): void {
    const worker = this.worker(index);
    if (worker === undefined) return;
    if (worker.current !== undefined) {
      noteLength(this.state, worker, short);
      const outcome: Outcome =
        type === 'completed' ? { type, resultJson: 'null' } : { type, failure, delayMs: type === 'retry' ? 5 : 0 }; // prettier-ignore
      commit(this.state, worker, outcome, this.nowMs);
    }
    const taken = take(this.state, worker, this.nowMs);
    if (taken === undefined || taken.attempt > 1) return;
    const { identifyTag, sequence } = taken.task;
    this.starts.set(identifyTag, [...(this.starts.get(identifyTag) ?? []), sequence]);
  }

  dispatch(): void {
    const { state } = this;
    takeIn(state, this.nowMs);
    for (const tag of state.ring)
      if (!this.readySince.has(tag))
        this.readySince.set(tag, { fencingToken: state.fencingToken, bound: [] });
    assign(state, this.nowMs);
    for (const event of state.events.splice(0)) {
      if (event.type !== 'bound') continue;
      for (const since of this.readySince.values())
        if (event.fencingToken > since.fencingToken) since.bound.push(event.identifyTag);
    }
    for (const tag of this.readySince.keys()) if (!state.ring.includes(tag)) this.readySince.delete(tag);
  }

  /** What does not hold that must at every moment. */
  problems(): string[] {
    const { state } = this;
    const problems: string[] = [];
    const must = (holds: boolean, what: string): void => void (holds || problems.push(what));
    const workers = [...state.workers.values()];
    const isAt = (place: TaskPlace) => (jobId: string) => state.tasks.get(jobId)?.place === place;
    const places: [TaskPlace, Iterable<string>][] = [
      ['added', state.wait],
      ['delayed', state.delayed],
      ['indexed', [...state.tags.values()].flatMap(({ ids }) => ids)],
      ['dispatched', workers.flatMap(({ wait, next }) => [...wait, ...next])],
      ['active', workers.flatMap(({ current }) => current?.jobId ?? [])],
      ['completed', state.completed],
      ['failed', state.failed],
    ];
    for (const [place, ids] of places)
      must([...ids].every(isAt(place)), `a task is ${place} and does not know it`);
    const listed = places.flatMap(([, ids]) => [...ids]);
    must(
      listed.length === state.tasks.size && new Set(listed).size === listed.length,
      'a task is nowhere, or twice',
    );
    for (const { wait, next, batch, ahead, current } of workers) {
      must((batch?.size ?? 0) <= maxBatchSize && (ahead?.size ?? 0) <= maxBatchSize, 'a batch is too large');
      must((batch?.started ?? 0) <= (batch?.size ?? 0), 'more was started than is in the batch');
      must(
        batch !== undefined || (wait.length === 0 && current === undefined),
        'a worker has tasks and no batch',
      );
      must(ahead !== undefined || next.length === 0, 'a worker has tasks in advance and no look-ahead');
    }
    for (const [identifyTag, { ids, owners, paused, parkedUntilMs }] of state.tags) {
      const limit = identifyTag === 'wide' ? 2 : 1;
      must(owners.length <= limit, `${identifyTag} has too many workers`);
      const ready = ids.length > 0 && owners.length < limit && !paused && parkedUntilMs === undefined;
      const times = state.ring.filter((each) => each === identifyTag).length;
      must(times === (ready ? 1 : 0), `${identifyTag} is ${times} times in the ring`);
    }
    const same = (list: readonly string[], of: readonly WorkerRecord[]): boolean =>
      list.length === of.length && of.every(({ workerId }) => list.includes(workerId));
    const idle = workers.filter(({ batch, leaving }) => batch === undefined && !leaving);
    must(same(state.idle, idle), 'the list of idle workers is wrong');
    const ahead = workers.filter((worker) => worker.ahead !== undefined);
    must(same(state.ahead, ahead), 'the list of look-aheads is wrong');
    must(state.hungry.length === 0 || workers.length > 0, 'a worker that is gone is hungry');
    return problems;
  }
}

type Step = (scene: Scene) => void;

/** One kind of step, how often it comes, and what it does with a value that is drawn. */
const step = <Value>(
  weight: number,
  values: fc.Arbitrary<Value>,
  act: (scene: Scene, value: Value) => void,
): fc.WeightedArbitrary<Step> => ({
  weight,
  arbitrary: values.map((value) => (scene: Scene) => {
    act(scene, value);
  }),
});

const tag = fc.constantFrom(...tags);
const anyWorker = fc.nat(5);
const outcome = fc.constantFrom<Outcome['type']>('completed', 'completed', 'retry', 'failed');

const steps = fc.oneof(
  step(
    6,
    fc.tuple(tag, fc.constantFrom(0, 0, 0, 7), fc.boolean(), fc.integer({ min: 1, max: 3 })),
    (scene, [identifyTag, delay, skip, count]) => {
      for (let i = 0; i < count; i += 1) scene.add(identifyTag, delay, skip);
    },
  ),
  step(6, fc.constant(undefined), (scene) => {
    scene.dispatch();
  }),
  step(12, fc.tuple(anyWorker, outcome, fc.boolean()), (scene, [worker, type, short]) => {
    scene.work(worker, type, short);
  }),
  step(2, fc.nat(10), (scene, ms) => {
    scene.nowMs += ms;
  }),
  step(1, fc.constant(undefined), (scene) => {
    scene.join();
  }),
  step(1, tag, ({ state }, identifyTag) => {
    pauseTag(state, identifyTag);
  }),
  step(2, tag, ({ state }, identifyTag) => {
    resumeTag(state, identifyTag);
  }),
  step(1, tag, ({ state }, identifyTag) => purgeTag(state, identifyTag)),
  step(1, fc.nat(60), ({ state }, id) => removeUnfinished(state, `t${id}`)),
  step(1, fc.constant(undefined), ({ state }) => retryFailed(state, {})),
  step(1, fc.constantFrom(true, false, false), ({ state }, paused) => {
    state.paused = paused;
  }),
  step(1, anyWorker, (scene, i) => {
    const worker = scene.worker(i);
    if (worker !== undefined) leaveWorker(scene.state, worker);
  }),
  step(1, anyWorker, (scene, i) => {
    const worker = scene.worker(i);
    if (worker !== undefined) retireWorker(scene.state, worker);
  }),
);

describe('the scheduling of queues in memory', () => {
  it('keeps every task in one place, batches bounded, and the ring right, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 40, maxLength: 200, size: 'max' }), (sequence) => {
        const scene = new Scene();
        scene.join();
        for (const act of sequence) {
          act(scene);
          const problems = scene.problems();
          if (problems.length > 0) expect(problems).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts the tasks of a tag in their order, once each, and lets none starve', () => {
    const narrowTag = fc.constantFrom('a', 'b', 'c', 'd');
    const work = fc.tuple(anyWorker, outcome, fc.boolean());
    fc.assert(
      fc.property(
        fc.array(fc.tuple(narrowTag, work), { minLength: 40, maxLength: 150, size: 'max' }),
        (sequence) => {
          const scene = new Scene();
          scene.join();
          scene.join();
          for (const [identifyTag, [worker, type, short]] of sequence) {
            scene.add(identifyTag, 0, false);
            scene.dispatch();
            scene.work(worker, type, short);
            scene.nowMs += 1;
            scene.dispatch();
            for (const { bound } of scene.readySince.values())
              if (new Set(bound).size !== bound.length) expect(bound).toEqual([...new Set(bound)]);
          }
          for (const starts of scene.starts.values()) {
            expect(starts).toEqual([...starts].sort((a, b) => a - b));
            expect(new Set(starts).size).toBe(starts.length);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('knows when something will be due', () => {
    const scene = new Scene();
    expect(nextDueMs(scene.state)).toBeUndefined();
    scene.add('a', 50, false);
    scene.add('a', 20, false);
    expect(nextDueMs(scene.state)).toBe(1_020);
    scene.nowMs = 1_020;
    scene.dispatch();
    expect(nextDueMs(scene.state)).toBe(1_050);
  });
});
