import { setTimeout as pause } from 'node:timers/promises';
import type { QueueRole } from 'nestjs-affinity-queue';
import type { FaultKind } from 'nestjs-affinity-queue/history';
import type { ProductionSetup } from '../instance/setup.js';
import type { Cluster } from '../stage/cluster.js';
import { ProcessGoneError, type InstanceProcess } from '../stage/instance-process.js';
import { until } from '../stage/until.js';
import { killAtCommand } from './kill-at-command.js';
import type { Direction, PlannedFault, Victim } from './planned-fault.js';

/** Starts an instance like the one that is gone. */
export type Respawn = (like: {
  role: QueueRole;
  production: ProductionSetup | undefined;
}) => Promise<InstanceProcess>;

/** What it came to: whether the fault was seen to hit, and whom. */
export interface Strike {
  readonly hit: boolean;
  readonly target: string;
}

type Of<Kind extends PlannedFault['kind']> = Extract<PlannedFault, { kind: Kind }>;

const missed: Strike = { hit: false, target: '' };

/** Brings faults over a cluster, and notes each in the history at its beginning. */
export class FaultStriker {
  constructor(
    private readonly cluster: Cluster,
    private readonly respawn: Respawn,
    /** Those that a rolling restart leaves alone. */
    private readonly spared: readonly InstanceProcess[] = [],
  ) {}

  /** What is done to Redis is done one after the other. */
  #ofRedis: Promise<unknown> = Promise.resolve();

  /** Resolves when the fault is over. */
  async strike(fault: PlannedFault): Promise<Strike> {
    switch (fault.kind) {
      case 'kill':
        return this.#kill(fault);
      case 'freeze':
        return this.#freeze(fault);
      case 'block':
        return this.#block(fault);
      case 'redis-kill':
        return this.#inTurn(() => this.#killRedis(fault));
      case 'redis-freeze':
        return this.#inTurn(() => this.#freezeRedis(fault));
      case 'cut':
        return this.#cut(fault);
      case 'black-hole':
        return this.#blackHole(fault);
      case 'delay':
        return this.#delay(fault);
      case 'drop-replies':
        return this.#dropReplies(fault);
      case 'script-flush':
        return this.#flushScripts();
      case 'terminate':
        return this.#roll();
      case 'kill before a command':
      case 'kill after a command':
        return killAtCommand(this.cluster.recorder, this.find(fault.victim), fault, this.respawn);
    }
  }

  /** The instance that is meant, of those that work. */
  find({ isLeader, number }: Victim): InstanceProcess | undefined {
    const { working, leader } = this.cluster;
    if (isLeader && leader !== undefined) return leader;
    return working[number % Math.max(1, working.length)];
  }

  #inTurn(strike: () => Promise<Strike>): Promise<Strike> {
    const turn = this.#ofRedis.then(strike);
    // Whoever asked for it learns how it failed.
    this.#ofRedis = Promise.allSettled([turn]);
    return turn;
  }

  async #kill({ victim, awayMs }: Of<'kill'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    this.#note('kill', target);
    const { signal } = await instance.kill();
    await pause(awayMs);
    await this.respawn(instance.setup);
    return { hit: signal === 'SIGKILL', target };
  }

  async #freeze({ victim, ms }: Of<'freeze'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    this.#note('freeze', target, ms);
    instance.signal('SIGSTOP');
    await pause(ms);
    const hit = instance.isFrozen;
    instance.signal('SIGCONT');
    return { hit, target };
  }

  async #block({ victim, ms }: Of<'block'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    this.#note('block', target, ms);
    try {
      await instance.ask('block', ms);
    } catch (error) {
      if (error instanceof ProcessGoneError) return { hit: false, target };
      throw error;
    }
    return { hit: true, target };
  }

  async #killRedis({ ms }: Of<'redis-kill'>): Promise<Strike> {
    const { server, redis } = this.cluster;
    this.#note('redis-kill', 'redis', ms);
    const before = server.pid;
    await server.kill();
    await pause(ms);
    await server.startAgain();
    await redis.ping();
    return { hit: server.pid !== before, target: 'redis' };
  }

  async #freezeRedis({ ms }: Of<'redis-freeze'>): Promise<Strike> {
    const { server } = this.cluster;
    this.#note('redis-freeze', 'redis', ms);
    await server.freeze();
    await pause(ms);
    server.thaw();
    return { hit: true, target: 'redis' };
  }

  async #cut({ victim }: Of<'cut'>): Promise<Strike> {
    const { redis } = this.cluster;
    if (victim === 'all') {
      this.#note('cut', 'redis', 0);
      const count = await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      return { hit: Number(count) > 0, target: 'redis' };
    }
    const target = this.find(victim)?.nodeId;
    if (target === undefined) return missed;
    this.#note('cut', target, 0);
    const clients = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n');
    const own = clients.filter((client) => client.includes(` name=affinity:${target}`));
    let killed = 0;
    for (const client of own) {
      const id = /^id=(\d+)/.exec(client)?.[1];
      if (id !== undefined) killed += Number(await redis.call('CLIENT', 'KILL', 'ID', id));
    }
    return { hit: killed > 0, target };
  }

  async #blackHole({ victim, direction, ms, ending }: Of<'black-hole'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    const lines = linesOf(instance, direction);
    this.#note('black-hole', target, ms, `${direction}, ${ending}`);
    for (const line of lines) line.open();
    await pause(ms);
    if (ending === 'break') instance.proxy.cut();
    for (const line of lines) line.heal();
    return { hit: lines.some(({ affected }) => affected > 0), target };
  }

  async #delay({ victim, ms, delayMs }: Of<'delay'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    const lines = linesOf(instance, 'both');
    this.#note('delay', target, ms, `${delayMs} ms each way`);
    for (const line of lines) {
      line.affected = 0;
      line.delayMs = delayMs;
    }
    await pause(ms);
    for (const line of lines) line.heal();
    return { hit: lines.some(({ affected }) => affected > 0), target };
  }

  async #dropReplies({ victim, count }: Of<'drop-replies'>): Promise<Strike> {
    const instance = this.find(victim);
    const target = instance?.nodeId;
    if (instance === undefined || target === undefined) return missed;
    const { proxy } = instance;
    this.#note('drop-replies', target, 0, `${count} replies`);
    // Replies to what changes something: a question that is asked again shows nothing.
    proxy.dropReplies(count, (name) => /^[a-z]+[A-Z]|^bullmq:/.test(name) && !name.startsWith('get'));
    const deadline = performance.now() + 5_000;
    const isOver = (): boolean =>
      proxy.droppedReplies.length === count || instance.hasExited || performance.now() > deadline;
    await until('the replies are dropped', isOver);
    return { hit: proxy.droppedReplies.length > 0, target };
  }

  async #flushScripts(): Promise<Strike> {
    const { redis } = this.cluster;
    this.#note('script-flush', 'redis', 0);
    const before = await cachedScripts(redis);
    await redis.call('SCRIPT', 'FLUSH', 'SYNC');
    return { hit: before > 0, target: 'redis' };
  }

  /** One after the other: a new one starts, an old one is told to stop. */
  async #roll(): Promise<Strike> {
    let stopped = 0;
    for (const instance of this.cluster.working) {
      const { nodeId } = instance;
      if (instance.hasExited || nodeId === undefined || this.spared.includes(instance)) continue;
      const next = await this.respawn(instance.setup);
      await next.ready().catch((error: unknown) => {
        if (!next.hasExited) throw error;
      });
      if (instance.hasExited) continue;
      this.#note('terminate', nodeId);
      const { signal } = await instance.stop();
      if (signal === 'SIGTERM') stopped += 1;
    }
    return { hit: stopped > 0, target: `${stopped} instances` };
  }

  #note(kind: FaultKind, target: string, durationMs?: number, detail?: string): void {
    this.cluster.recorder.record('fault', {
      kind,
      target,
      ...(durationMs !== undefined && { durationMs }),
      ...(detail !== undefined && { detail }),
    });
  }
}

function linesOf({ proxy }: InstanceProcess, direction: Direction) {
  if (direction === 'both') return [proxy.toRedis, proxy.toInstance];
  return direction === 'to-redis' ? [proxy.toRedis] : [proxy.toInstance];
}

async function cachedScripts(redis: Cluster['redis']): Promise<number> {
  return Number(/number_of_cached_scripts:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0);
}
