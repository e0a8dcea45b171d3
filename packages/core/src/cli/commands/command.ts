import type { OpenQueue } from '../connection.js';
import type { Output } from '../output.js';

/** What a command works with. */
export interface CommandContext {
  readonly queue: OpenQueue;
  readonly out: Output;
  /** JSON in place of tables. */
  readonly json: boolean;
}
