import type { QueueRole } from '../domain/roles.js';

/** Facts for a warning about the options, by the name of its log message. */
export interface OptionWarningParams {
  /** An option overrides a role that the environment sets, for example per process in a PM2 file. */
  roleOverridesVariable: { queue: string; role: QueueRole; variable: string; variableValue: string };
  /** One lost renewal costs the lease. */
  leaseTooShort: { option: string; valueMs: number; heartbeatIntervalMs: number };
}

/** Something about the options that is allowed, and probably not meant. */
export type OptionWarning = {
  readonly [Key in keyof OptionWarningParams]: {
    readonly message: Key;
    readonly params: Readonly<OptionWarningParams[Key]>;
  };
}[keyof OptionWarningParams];
