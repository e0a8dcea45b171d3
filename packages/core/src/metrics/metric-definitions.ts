/** What a metric is: its kind, what it says, and its labels beside `queue`. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Of a histogram. */
  readonly buckets?: readonly number[];
  /** Whether every instance says the same, as it is about the whole queue: take `max by (queue)`, not `sum`. */
  readonly ofQueue?: true;
}

const define = <Name extends string>(definitions: Readonly<Record<Name, MetricDefinition>>) => definitions;

const secondsOfTasks = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Every metric. No label holds a tag, a task id or a worker id: their number has no limit. */
export const metricDefinitions = define({
  affinity_queue_tasks_total: {
    kind: 'counter',
    help: 'Attempts of tasks that ended in this instance, by task type and outcome (completed, failed, retried, moved, discarded)',
    labels: ['type', 'outcome'],
  },
  affinity_queue_task_duration_seconds: {
    kind: 'histogram',
    help: 'How long attempts ran in this instance',
    labels: ['type'],
    buckets: secondsOfTasks,
  },
  affinity_queue_task_wait_seconds: {
    kind: 'histogram',
    help: 'How long tasks waited from when they were due to their first start in this instance',
    labels: ['type'],
    buckets: [...secondsOfTasks, 1_800, 7_200],
  },
  affinity_queue_batch_size: {
    kind: 'histogram',
    help: 'Tasks per batch that ended in this instance',
    labels: [],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
  },
  affinity_queue_dispatch_duration_seconds: {
    kind: 'histogram',
    help: 'How long one dispatch script of the leader took, with its way to Redis and back',
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  },
  affinity_queue_leadership_changes_total: {
    kind: 'counter',
    help: 'How often this instance became leader',
    labels: [],
  },
  affinity_queue_is_leader: { kind: 'gauge', help: 'Whether this instance leads (0 or 1)', labels: [] },
  affinity_queue_heartbeat_delay_seconds: {
    kind: 'histogram',
    help: 'How long after they were due heartbeats of this instance got through',
    labels: [],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
  },
  affinity_queue_recovered_workers_total: {
    kind: 'counter',
    help: 'Workers that this instance, as leader, declared dead',
    labels: [],
  },
  affinity_queue_recovered_tasks_total: {
    kind: 'counter',
    help: 'Tasks of dead workers that this instance, as leader, put back',
    labels: [],
  },
  affinity_queue_up: {
    kind: 'gauge',
    help: 'Whether Redis answered this scrape (0 or 1); without an answer the gauges of the queue are left out',
    labels: [],
  },
  affinity_queue_tasks: {
    kind: 'gauge',
    help: 'Tasks of the queue by state (waiting, active, delayed, completed, failed); finished ones as far as they are kept',
    labels: ['state'],
    ofQueue: true,
  },
  affinity_queue_tags: {
    kind: 'gauge',
    help: 'Tags of the queue by state: waiting (no worker), bound (a worker has them)',
    labels: ['state'],
    ofQueue: true,
  },
  affinity_queue_workers: {
    kind: 'gauge',
    help: 'Workers of the queue by state (idle, running)',
    labels: ['state'],
    ofQueue: true,
  },
  affinity_queue_paused: {
    kind: 'gauge',
    help: 'Whether the queue is paused (0 or 1)',
    labels: [],
    ofQueue: true,
  },
  affinity_queue_has_leader: {
    kind: 'gauge',
    help: 'Whether the queue has a leader (0 or 1)',
    labels: [],
    ofQueue: true,
  },
  affinity_queue_oldest_waiting_tag_seconds: {
    kind: 'gauge',
    help: 'How long the tag has waited for a worker that has waited longest; 0 where none waits',
    labels: [],
    ofQueue: true,
  },
});

/** @publicApi */
export type MetricName = keyof typeof metricDefinitions;
