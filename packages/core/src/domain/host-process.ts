/** A process, in words that another process on the same host can check. */
export interface HostProcess {
  /** One boot of one kernel, one pid namespace, one time namespace: who has the same sees the same process ids. */
  readonly host: string;
  /** `<pid>:<start time>`: on one host never the same for two processes. */
  readonly process: string;
}
