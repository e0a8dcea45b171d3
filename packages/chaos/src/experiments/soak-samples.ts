/** What a soak counts at its end, by the names that it has among the samples. */
export const soakSamples = {
  instances: 'instances, once the queue was empty',
  connectionsQuiet: 'connections of these, three for each',
  connectionsStopped: 'connections of instances, once all had stopped',
  finishedTasks: 'finished tasks that were kept',
  otherKeys: 'keys of Redis other than those of finished tasks, once all had stopped',
} as const;
