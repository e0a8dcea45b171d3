import { isRunning, monotonicMs } from '../scenarios/support/processes.mjs';

/**
 * Follows the documented key of the leader.
 *
 * @typedef {object} Reign
 * @property {string} nodeId
 * @property {number} pid
 * @property {string} instance
 * @property {number} fromMs monotonic, when it was first seen
 * @property {number} [untilMs]
 */
export class LeaderWatch {
  #redis;
  #pm2;
  #instances = new Map();
  #dead = new Set();
  /** @type {Reign[]} */
  reigns = [];
  /** What `scheduler:leader:info` holds, while its process lives. */
  current;

  constructor(redis, pm2) {
    this.#redis = redis;
    this.#pm2 = pm2;
  }

  async update() {
    const text = await this.#redis.get('scheduler:leader:info');
    const info = text ? JSON.parse(text) : undefined;
    this.current = info && isRunning(info.processId) ? info : undefined;
    const last = this.reigns.at(-1);
    if (last && !last.untilMs && last.nodeId !== this.current?.nodeId) last.untilMs = monotonicMs();
    if (this.current && (!last || last.untilMs)) this.reigns.push(await this.#reignOf(this.current));
    return this.current;
  }

  markDead(pid) {
    this.#dead.add(pid);
  }

  isDead(pid) {
    return this.#dead.has(pid);
  }

  describe() {
    if (!this.current) return 'none, an election is on';
    const { instance } = this.reigns.at(-1);
    return `instance ${instance} (${this.current.nodeId})`;
  }

  async #reignOf({ nodeId, processId }) {
    if (!this.#instances.has(processId)) {
      for (const { pid, instance } of await this.#pm2.list()) this.#instances.set(pid, instance);
    }
    return { nodeId, pid: processId, instance: this.#instances.get(processId) ?? '?', fromMs: monotonicMs() };
  }
}
