/** The ids of one instance: its own, and those of its workers and sets of connections, each different from all others. */
export class InstanceIds {
  #workers = 0;
  #connections = 0;

  constructor(readonly nodeId: string) {}

  /** An id that no other worker of this instance has or had. */
  nextWorkerId(): string {
    this.#workers += 1;
    return `${this.nodeId}-${this.#workers}`;
  }

  /**
   * An id for a set of connections: keys that only it waits on. An instance can have several sets at one database, where its
   * queues log in differently or know it by different addresses.
   */
  nextConnectionId(): string {
    this.#connections += 1;
    return this.#connections === 1 ? this.nodeId : `${this.nodeId}.${this.#connections}`;
  }
}
