import { countConnections } from '../instruments/client-list.js';
import { until } from '../instruments/until.js';
import { startAffinity, taskType } from '../peers/affinity-app.js';
import type { Measurement } from './measurement.js';
import { makeTask } from './tasks.js';

export interface ConnectionsInput {
  readonly workers: number;
  readonly queues: number;
}

/** Connections of one instance that has added a task and run it. */
export const measureConnections: Measurement<ConnectionsInput> = async ({ open, redisUrl, admin }, input) => {
  const peer = await open(redisUrl, input);
  let ran!: () => void;
  const done = new Promise<void>((resolve) => (ran = resolve));
  await peer.process(() => {
    ran();
  });
  await peer.add(makeTask(0, 1));
  await done;
  const connections = await countConnections(admin);
  await peer.close();
  return { connections };
};

/** The same with a subscriber that has received an event. */
export const measureEventConnections: Measurement<ConnectionsInput> = async ({ redisUrl, admin }, input) => {
  const workerOptions = { workerCount: input.workers };
  const app = await startAffinity({ redisUrl, queues: input.queues, role: 'BOTH', workerOptions });
  const [{ service, workers }] = app.queues;
  workers.registerHandler(taskType, () => undefined);
  let received = 0;
  const subscription = service.events$.subscribe(() => {
    received += 1;
  });
  await until(async () => {
    await service.add({ type: taskType, identifyTag: 'tag-0', payload: {} });
    return received > 0;
  }, 'an event has come');
  const connections = await countConnections(admin);
  subscription.unsubscribe();
  await app.close();
  return { connections };
};
