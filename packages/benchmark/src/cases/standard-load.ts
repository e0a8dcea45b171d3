/** What the queues are compared with, unless a case says otherwise. */
export const standardLoad = { tasks: 20_000, tags: 200, workers: 10 };

/**
 * V8 compiles what is hot only after tens of thousands of tasks, and a process that serves a queue runs for days: what is
 * measured is one that has run for some seconds. The quick form has less time.
 */
export const warmUpTasks = { full: 60_000, quick: 10_000 };
