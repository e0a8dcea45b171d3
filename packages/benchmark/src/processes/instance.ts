/** One instance of a peer in a process of its own, steered by messages; ends with its parent. */
import { pause } from '../instruments/until.js';
import { inLanes, makeTask } from '../measurements/tasks.js';
import { openers } from '../peers/index.js';
import type { BenchHandler } from '../peers/peer.js';
import {
  monotonicMicros,
  type InstanceSetup,
  type RequestMessage,
  type RequestName,
  type Requests,
  type Run,
} from './messages.js';

// Before anything else: the parent may be gone while this process still starts.
process.on('disconnect', () => process.exit());
if (!process.connected) process.exit();

const setup = JSON.parse(process.argv[2] ?? '') as InstanceSetup;
const peer = await openers[setup.peer](setup.redisUrl, setup);
const feedTickMs = 10;
const runs: Run[] = [];
let handled = 0;
let lastEndMicros = 0;

const handler: BenchHandler = async ({ tag, payload: { n } }) => {
  const startMicros = setup.record ? monotonicMicros() : 0;
  if (setup.handlerMs > 0) await pause(setup.handlerMs);
  handled += 1;
  lastEndMicros = monotonicMicros();
  if (setup.record) runs.push([n, tag, startMicros, lastEndMicros]);
};

const answers: {
  [Name in RequestName]: (input: Requests[Name]['input']) => Promise<Requests[Name]['output']>;
} = {
  start: async () => {
    await peer.process(handler);
    return null;
  },
  add: async ({ from, count, tags, inFlight }) => {
    await inLanes(count, inFlight, (n) => peer.add(makeTask(from + n, tags)));
    return null;
  },
  feed: async ({ count, tags, perSecond }) => {
    const startedAt = performance.now();
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond));
      const tasks = Array.from({ length: due - sent }, (_, index) => makeTask(sent + index, tags));
      if (tasks.length > 0) await peer.addBulk(tasks);
      sent = due;
      await pause(feedTickMs);
    }
    return null;
  },
  progress: () => Promise.resolve({ handled, lastEndMicros }),
  history: () => Promise.resolve(runs),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return Promise.resolve({ micros: user + system });
  },
  close: async () => {
    await peer.close();
    return null;
  },
};

process.on('message', (message) => {
  void answer(message as RequestMessage);
});
process.send?.({ id: 0 });

async function answer({ id, name, input }: RequestMessage): Promise<void> {
  try {
    const output = await (answers[name] as (value: unknown) => Promise<unknown>)(input);
    process.send?.({ id, output });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
}
