/** Where the time of one phase of a measurement went. Microseconds over the whole phase. */
export interface PhaseProfile {
  readonly phase: string;
  readonly tasks: number;
  readonly seconds: number;
  readonly node: {
    readonly byPackage: readonly TimeShare[];
    readonly byFunction: readonly TimeShare[];
  };
  readonly redis: {
    readonly byScript: readonly CallShare[];
    /** Inside and outside of scripts; EVALSHA's own time holds that of the commands in it. */
    readonly byCommand: readonly CallShare[];
  };
}

export interface TimeShare {
  readonly name: string;
  readonly micros: number;
}

export interface CallShare extends TimeShare {
  readonly calls: number;
}

export function bySize<T extends TimeShare>(shares: readonly T[]): T[] {
  return [...shares].sort((a, b) => b.micros - a.micros);
}
