import type { QueueModuleOptions, TaskOptions } from '../../src/index.js';
import { startInstance, type TestInstance } from './calm.js';
import { Recorder } from './recorder.js';
import { uniqueName } from './redis.js';
import { gate, until } from './until.js';

/**
 * What a task of the stage does: 'hold' lasts until the gate opens, 'fail' throws, 'hold and fail'
 * does both; anything else is done at once.
 */
export const task = (identifyTag: string, payload: unknown = 'go', options?: TaskOptions) => ({
  type: 'note',
  identifyTag,
  payload,
  ...(options && { options }),
});

export interface Stage extends TestInstance {
  readonly name: string;
  readonly recorder: Recorder;
  /** Lets the tasks end that hold. */
  readonly open: () => void;
  /** A task that runs until the gate opens. */
  hold(identifyTag: string): Promise<void>;
}

/** One instance with one worker, unless the options say otherwise. */
export async function startStage(options: QueueModuleOptions = {}): Promise<Stage> {
  const name = uniqueName();
  const recorder = new Recorder();
  const held = gate();
  const instance = await startInstance({ name, ...options }, (workers) => {
    workers.registerHandler(
      'note',
      recorder.handler(async (payload) => {
        if (payload === 'hold' || payload === 'hold and fail') await held.promise;
        if (payload === 'fail' || payload === 'hold and fail') throw new Error('as it was told');
        return payload;
      }),
    );
  });
  const hold = async (identifyTag: string): Promise<void> => {
    const before = recorder.runs.length;
    await instance.queue.add(task(identifyTag, 'hold'));
    await until('it runs', () => recorder.runs.length > before);
  };
  return { ...instance, name, recorder, open: held.open, hold };
}

/** Puts tasks into a state in which they wait, each of the tag 't'; `proceed` lets them go on. */
export const waitingStates: Record<
  string,
  (stage: Stage, payloads: readonly unknown[]) => Promise<{ ids: string[]; proceed: () => Promise<void> }>
> = {
  async 'added, and not taken in'(stage, payloads) {
    stage.scheduler.stop();
    // As other producers add: what QueueService adds is indexed at once.
    const ids: string[] = [];
    for (const payload of payloads) {
      const job = await stage.queue.queue.add('note', { identifyTag: 't', type: 'note', payload });
      ids.push(job.id!);
    }
    return {
      ids,
      proceed: async () => {
        stage.scheduler.start();
      },
    };
  },

  async indexed(stage, payloads) {
    await stage.queue.pause();
    const ids = await add(stage, payloads);
    await until(
      'they are indexed',
      async () => (await stage.queue.getTagStats('t')).waiting === payloads.length,
    );
    return { ids, proceed: () => stage.queue.resume() };
  },

  async dispatched(stage, payloads) {
    await stage.hold('t');
    const ids = await add(stage, payloads);
    await until('they are dispatched', async () => {
      const [worker] = await stage.queue.getWorkers();
      return worker?.currentBatchSize === 1 + payloads.length;
    });
    return {
      ids,
      proceed: async () => {
        stage.open();
      },
    };
  },

  async 'looked ahead'(stage, payloads) {
    const { queue } = stage;
    // A worker is given its next batch in advance once its tasks have been short.
    for (let i = 0; i < 3; i += 1) await queue.waitUntilFinished(await queue.add(task('warm-up')), 5_000);
    await stage.hold('busy');
    const ids = await add(stage, payloads);
    await until('they are the look-ahead', async () => {
      const { boundTo, waiting } = await queue.getTagStats('t');
      return boundTo.length === 1 && waiting === payloads.length;
    });
    return {
      ids,
      proceed: async () => {
        stage.open();
      },
    };
  },

  async 'in a back-off'(stage, payloads) {
    const { queue } = stage;
    const failing = await queue.add(task('t', 'fail'), { backoff: 60_000 });
    await until('the tag is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    const ids = await add(stage, payloads);
    await until(
      'they are indexed',
      async () => (await queue.getTagStats('t')).waiting === 1 + payloads.length,
    );
    return {
      ids,
      proceed: async () => {
        await queue.remove(failing.id!);
      },
    };
  },
};

async function add({ queue }: Stage, payloads: readonly unknown[]): Promise<string[]> {
  const jobs = await queue.addBulk(payloads.map((payload) => task('t', payload)));
  return jobs.map((job) => job.id!);
}
