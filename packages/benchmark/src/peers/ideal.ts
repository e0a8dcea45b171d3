import type { BenchTask, OpenPeer } from './peer.js';

/** What no queue can beat: the handler in a bare loop of as many lanes, without Redis. */
export const openIdeal: OpenPeer = (_redisUrl, { workers }) => {
  const tasks: BenchTask[] = [];
  const lanes: Promise<void>[] = [];
  return Promise.resolve({
    addBulk(more) {
      tasks.push(...more);
      return Promise.resolve();
    },
    add(task) {
      tasks.push(task);
      return Promise.resolve();
    },
    takeIn: () => Promise.resolve(),
    process(handler) {
      let next = 0;
      const runLane = async (): Promise<void> => {
        for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await handler(task);
      };
      for (let lane = 0; lane < workers; lane += 1) lanes.push(runLane());
      return Promise.resolve();
    },
    async close() {
      await Promise.all(lanes);
    },
  });
};
