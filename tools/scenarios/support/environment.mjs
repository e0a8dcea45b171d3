/** What the library and the example read: none of it may leak in from the terminal in which a script was started. */
const READ_BY_THE_APPLICATION =
  /^(APP_ROLE|MAX_BATCH_SIZE|WORKER_COUNT|SHUTDOWN_TIMEOUT|TASK_TIMEOUT|MAX_CRASHES|REDIS_.*|PENDING_QUEUE_NAME|WORKER_.*_PREFIX|SCHEDULER_.*|SCAN_COUNT|ELECTION_LOCK_TTL|HEARTBEAT_.*|QUEUE_LOCALE|PORT|SMTP_URL|DATA_DIR|BULK_MAX_BYTES|INSTANCES|NODE_APP_INSTANCE|NODE_ENV|PM2_.*)$/;

/**
 * The environment of a process under test: the terminal's without what the application reads, and the given values.
 *
 * @param {Record<string, string>} values
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(values) {
  const inherited = Object.entries(process.env).filter(([name]) => !READ_BY_THE_APPLICATION.test(name));
  return { ...Object.fromEntries(inherited), ...values };
}
