import { readFile } from 'node:fs/promises';
import { groupBy } from '../scenarios/support/attempts.mjs';

const FILE = new URL('../../packages/example/data/tasks.ndjson', import.meta.url);

/**
 * @typedef {object} DataSet
 * @property {string[]} lines the tasks as JSON text, in their order
 * @property {{ type: string, identifyTag: string, payload: any, options: { jobId: string } }[]} tasks
 * @property {Map<string, object[]>} companies tag → its tasks, in their order
 * @property {string[]} taskIds
 */

/** @returns {Promise<DataSet>} */
export async function readDataSet() {
  const lines = (await readFile(FILE, 'utf8')).split('\n').filter(Boolean);
  const tasks = lines.map((line) => JSON.parse(line));
  return {
    lines,
    tasks,
    companies: groupBy(tasks, ({ identifyTag }) => identifyTag),
    taskIds: tasks.map(({ options }) => options.jobId),
  };
}
