import type { NewJob } from '../bullmq/job-adder.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import type { ChainLink } from './call-chain.js';

/**
 * Arguments of the script `addTasks`: what tasks have in common is sent once.
 *
 * @param link - the first ones: where this call stands on its chain
 */
export function addTasksArguments(newJobs: readonly NewJob[], link: ChainLink['args']): ScriptArgument[] {
  const kinds: ScriptArgument[] = [];
  const tasks: ScriptArgument[] = [];
  const numbers = new Map<string, number>();
  let last: NewJob | undefined;
  let number = 0;
  for (const newJob of newJobs) {
    const { id, name, json, optsJson, timestamp, data } = newJob;
    if (name !== last?.name || optsJson !== last.optsJson || timestamp !== last.timestamp) {
      const kind = `${timestamp} ${optsJson} ${name}`;
      number = numbers.get(kind) ?? numbers.size + 1;
      if (number > numbers.size) {
        numbers.set(kind, number);
        kinds.push(name, optsJson, timestamp);
      }
    }
    tasks.push(number, id, data.identifyTag, json);
    last = newJob;
  }
  return [...link, numbers.size, ...kinds, ...tasks];
}
