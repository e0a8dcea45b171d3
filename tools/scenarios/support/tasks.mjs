/** Tasks for scenarios. Each carries its position within its tag and an id made of both. */

/** @param {string} identifyTag @param {number} count @param {{ from?: number, confirmationMs?: number }} [options] */
export function ledgerTasks(identifyTag, count, { from = 1, confirmationMs = 0 } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const sequence = from + index;
    return {
      type: 'process-data',
      identifyTag,
      payload: { sequence, amount: 1, confirmationMs },
      options: { jobId: `${identifyTag}-${sequence}` },
    };
  });
}

/** The first of each list, then the second of each, and so on. */
export function interleave(lists) {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}

export function idsOf(tasks) {
  return tasks.map(({ options }) => options.jobId);
}
