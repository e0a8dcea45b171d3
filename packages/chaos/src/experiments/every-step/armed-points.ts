import type { InstanceProcess } from '../../stage/instance-process.js';
import { describePoint, partOf, type Part, type Point } from './step.js';

/** A point that waits for its step. */
export class ArmedPoint {
  /** Who was killed there. */
  struck: Promise<InstanceProcess> | undefined;
  #left: number;
  #isUnderWay = false;

  constructor(readonly point: Point) {
    this.#left = point.occurrence;
  }

  /** A step that does not come that often is met when it comes next. */
  settleForFirst(): void {
    this.#left = Math.min(this.#left, 1);
  }

  /**
   * A process that stops sends it only if it was at it: it is met where a process that works sends it, which is told to stop
   * while it is on its way.
   */
  meetUnderWay(): void {
    this.#isUnderWay = true;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  isMetBy(instance: InstanceProcess, name: string): boolean {
    const { name: awaited } = this.point;
    const phase = this.#isUnderWay ? 'working' : this.point.phase;
    if (this.struck !== undefined || phase !== instance.phase || awaited !== name) return false;
    this.#left -= 1;
    return this.#left <= 0;
  }
}

/** One for each part at a time. */
export class ArmedPoints {
  readonly #armed = new Map<Part, ArmedPoint>();

  constructor(private readonly kill: (instance: InstanceProcess, detail: string) => Promise<void>) {}

  arm(point: Point): ArmedPoint {
    const armed = new ArmedPoint(point);
    this.#armed.set(point.part, armed);
    return armed;
  }

  disarm({ part }: Point): void {
    this.#armed.delete(part);
  }

  /** Kills it where it sends what is waited for. */
  watch(instance: InstanceProcess): void {
    const part = partOf(instance.setup.role);
    instance.proxy.watch = (name) => {
      const armed = this.#armed.get(part);
      if (armed?.isMetBy(instance, name) !== true) return undefined;
      const { point, isUnderWay } = armed;
      let strike!: () => void;
      armed.struck = new Promise<void>((resolve) => (strike = resolve))
        .then(() => this.kill(instance, describePoint(point)))
        .then(() => instance);
      return { when: point.when, strike, ...(isUnderWay && { hold: () => instance.tellToStop() }) };
    };
  }
}
