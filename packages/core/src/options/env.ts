/**
 * Reads one environment variable: `ConfigService.get` where `@nestjs/config` is imported, else {@link processEnv}.
 * A ConfigService with a validation schema may return numbers.
 */
export type EnvReader = (name: string) => unknown;

/** Reads the environment of this process. */
export const processEnv: EnvReader = (name) => process.env[name];

/** Which variable stands for which option. */
export const environmentVariables = {
  role: 'APP_ROLE',
  locale: 'QUEUE_LOCALE',
  'workerOptions.maxBatchSize': 'MAX_BATCH_SIZE',
  'workerOptions.workerCount': 'WORKER_COUNT',
  'workerOptions.shutdownTimeout': 'SHUTDOWN_TIMEOUT',
  'workerOptions.taskTimeout': 'TASK_TIMEOUT',
  'workerOptions.maxCrashes': 'MAX_CRASHES',
  'redisOptions.url': 'REDIS_URL',
  'redisOptions.host': 'REDIS_HOST',
  'redisOptions.port': 'REDIS_PORT',
  'redisOptions.username': 'REDIS_USERNAME',
  'redisOptions.password': 'REDIS_PASSWORD',
  'redisOptions.db': 'REDIS_DB',
  'queueOptions.pendingQueueName': 'PENDING_QUEUE_NAME',
  'queueOptions.workerQueuePrefix': 'WORKER_QUEUE_PREFIX',
  'queueOptions.workerStatePrefix': 'WORKER_STATE_PREFIX',
  'queueOptions.schedulerInterval': 'SCHEDULER_INTERVAL',
  'queueOptions.scanCount': 'SCAN_COUNT',
  'electionOptions.electionLockTtl': 'ELECTION_LOCK_TTL',
  'electionOptions.heartbeatInterval': 'HEARTBEAT_INTERVAL',
  'electionOptions.heartbeatTimeout': 'HEARTBEAT_TIMEOUT',
} as const;

/** An option that has a variable, as a path. */
export type OptionWithVariable = keyof typeof environmentVariables;

/** A variable as text, without white space around it. An empty one counts as not set, as in compose files. */
export function readVariable(readEnv: EnvReader, variable: string): string | undefined {
  const value = readEnv(variable);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.trim() || undefined : undefined;
}

/** The number in a variable; the text itself if it is no whole number, so that validation can show it. */
export function readNumberVariable(readEnv: EnvReader, variable: string): number | string | undefined {
  const text = readVariable(readEnv, variable);
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : text;
}
