import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addTask } from './adding.js';
import { assign, nextDueMs, takeIn } from './dispatch.js';
import { commit, noteLength, type Outcome } from './outcomes.js';
import { pauseTag, resumeTag } from './pausing.js';
import { newQueueState, type QueueState, type WorkerRecord } from './queue-state.js';
import { purgeTag, removeUnfinished } from './removing.js';
import { retryFailed } from './retrying-failed.js';
import { take } from './taking.js';
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
  #ids = 0;
  #workers = 0;
  /** Sequence numbers of the tasks of each tag with order "block", by their first starts. */
  readonly starts = new Map<string, number[]>();
  /** Since a tag became ready, which others were bound. */
  readonly boundSince = new Map<string, string[]>();

  add(tag: number, delay: number, skip: boolean): void {
    const identifyTag = tags[tag % tags.length]!;
    const data = { identifyTag, type: 'note', payload: null };
    const opts = { jobId: `t${(this.#ids += 1)}`, delay, ...(skip && { retryOrder: 'skip' }) };
    addTask(this.state, { name: 'note', data, opts }, this.nowMs);
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
    takeIn(this.state, this.nowMs);
    for (const tag of this.state.ring) if (!this.boundSince.has(tag)) this.boundSince.set(tag, []);
    assign(this.state, this.nowMs);
    for (const event of this.state.events.splice(0)) {
      if (event.type !== 'bound') continue;
      this.boundSince.delete(event.identifyTag);
      for (const since of this.boundSince.values()) since.push(event.identifyTag);
    }
    for (const tag of this.boundSince.keys()) if (!this.state.ring.includes(tag)) this.boundSince.delete(tag);
  }

  /** What must hold at every moment. */
  check(): void {
    const { state } = this;
    const workers = [...state.workers.values()];
    const listed = [
      ...state.wait,
      ...state.delayed,
      ...[...state.tags.values()].flatMap(({ ids }) => ids),
      ...workers.flatMap(({ wait, next, current }) => [
        ...wait,
        ...next,
        ...(current ? [current.jobId] : []),
      ]),
      ...state.completed,
      ...state.failed,
    ];
    // Every task is in exactly one place, and that is where it says it is.
    expect([...listed].sort()).toEqual([...state.tasks.keys()].sort());
    for (const jobId of state.delayed) expect(state.tasks.get(jobId)?.place).toBe('delayed');
    for (const { wait, next, batch, ahead } of workers) {
      for (const jobId of [...wait, ...next]) expect(state.tasks.get(jobId)?.place).toBe('dispatched');
      for (const part of [batch, ahead]) expect(part?.size ?? 0).toBeLessThanOrEqual(maxBatchSize);
      expect(batch === undefined ? wait.length : 0).toBe(0);
    }
    for (const [identifyTag, { ids, owners, paused, parkedUntilMs }] of state.tags) {
      for (const jobId of ids) expect(state.tasks.get(jobId)?.place).toBe('indexed');
      const limit = identifyTag === 'wide' ? 2 : 1;
      expect(owners.length).toBeLessThanOrEqual(limit);
      const ready = ids.length > 0 && owners.length < limit && !paused && parkedUntilMs === undefined;
      expect(state.ring.filter((tag) => tag === identifyTag)).toHaveLength(ready ? 1 : 0);
    }
    const idle = workers.filter(({ batch, leaving }) => batch === undefined && !leaving);
    expect([...state.idle].sort()).toEqual(idle.map(({ workerId }) => workerId).sort());
    expect([...state.ahead].sort()).toEqual(
      workers.filter(({ ahead }) => ahead !== undefined).map(({ workerId }) => workerId).sort(),
    ); // prettier-ignore
  }
}

type Step = (scene: Scene) => void;
const index = fc.nat(5);

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(index, fc.constantFrom(0, 0, 0, 7), fc.boolean()).map(([tag, delay, skip]): Step => (scene) => { scene.add(tag, delay, skip); }) },
  { weight: 6, arbitrary: fc.constant<Step>((scene) => { scene.dispatch(); }) },
  { weight: 8, arbitrary: fc.tuple(index, fc.constantFrom<Outcome['type']>('completed', 'completed', 'retry', 'failed'), fc.boolean()).map(([worker, type, short]): Step => (scene) => { scene.work(worker, type, short); }) },
  { weight: 2, arbitrary: fc.nat(10).map((ms): Step => (scene) => { scene.nowMs += ms; }) },
  { weight: 1, arbitrary: fc.constant<Step>((scene) => { scene.join(); }) },
  { weight: 1, arbitrary: index.map((tag): Step => ({ state }) => { pauseTag(state, tags[tag % tags.length]!); }) },
  { weight: 1, arbitrary: index.map((tag): Step => ({ state }) => { resumeTag(state, tags[tag % tags.length]!); }) },
  { weight: 1, arbitrary: index.map((tag): Step => ({ state }) => { purgeTag(state, tags[tag % tags.length]!); }) },
  { weight: 1, arbitrary: fc.nat(60).map((id): Step => ({ state }) => { removeUnfinished(state, `t${id}`); }) },
  { weight: 1, arbitrary: fc.constant<Step>(({ state }) => { retryFailed(state, {}); }) },
  { weight: 1, arbitrary: fc.boolean().map((paused): Step => ({ state }) => { state.paused = paused; }) },
  { weight: 1, arbitrary: index.map((i): Step => (scene) => { const worker = scene.worker(i); if (worker) leaveWorker(scene.state, worker); }) },
  { weight: 1, arbitrary: index.map((i): Step => (scene) => { const worker = scene.worker(i); if (worker) retireWorker(scene.state, worker); }) },
); // prettier-ignore

describe('the scheduling of queues in memory', () => {
  it('keeps every task in one place, batches bounded, and the ring right, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 120 }), (sequence) => {
        const scene = new Scene();
        scene.join();
        for (const step of sequence) {
          step(scene);
          scene.check();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts the tasks of a tag in their order, once each, and lets none starve', () => {
    const work = fc.tuple(
      index,
      fc.constantFrom<Outcome['type']>('completed', 'retry', 'failed'),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(index, work), { maxLength: 150 }), (sequence) => {
        const scene = new Scene();
        scene.join();
        scene.join();
        for (const [tag, [worker, type, short]] of sequence) {
          scene.add(tag, 0, false);
          scene.dispatch();
          scene.work(worker, type, short);
          scene.nowMs += 1;
          scene.dispatch();
          for (const others of scene.boundSince.values()) expect(new Set(others).size).toBe(others.length);
        }
        for (const tag of ['a', 'b', 'c']) {
          const starts = scene.starts.get(tag) ?? [];
          expect(starts).toEqual([...starts].sort((a, b) => a - b));
          expect(new Set(starts).size).toBe(starts.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('knows when something will be due', () => {
    const scene = new Scene();
    expect(nextDueMs(scene.state)).toBeUndefined();
    scene.add(0, 50, false);
    scene.add(0, 20, false);
    expect(nextDueMs(scene.state)).toBe(1_020);
    scene.nowMs = 1_020;
    scene.dispatch();
    expect(nextDueMs(scene.state)).toBe(1_050);
  });
});
