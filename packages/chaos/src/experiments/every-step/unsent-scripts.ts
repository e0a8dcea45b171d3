/** Scripts that no kill of "every step" meets, each with the reason. A test holds this list against the scripts that there are. */
export const unsentScripts: Readonly<Record<string, string>> = {
  buryTask: 'only for a task on whose data a commit fails: its key was overwritten by somebody else',
  drainIndexed:
    'Queue.drain() empties the queue; what it takes out of lists of BullMQ has no witness, so that the checker would miss tasks',
  obliterateIndexed: 'Queue.obliterate() removes the queue itself, with its history',
  getFailures: 'reads for the dashboard, and changes nothing',
  getOverview: 'reads for the dashboard, and changes nothing',
  getRecentEvents: 'reads for the dashboard, and changes nothing',
  getHealth: 'reads for health, metrics and the command line, and changes nothing',
};
