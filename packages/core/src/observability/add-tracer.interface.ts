/** Tasks that are added with one call. */
export interface TracedAdd {
  /** `add` has one task, `addBulk` any number. */
  readonly operation: 'add' | 'addBulk';
  /** Types of the tasks. */
  readonly names: readonly string[];
}

/**
 * Goes around what adds tasks.
 *
 * @param add - gets what every task has to carry so that its trace goes on at the worker (`opts.telemetry.metadata`, which
 *   BullMQ stores as `tm` in the JSON of the options). Resolves to the ids of the tasks.
 */
export type AddTracer = (
  added: TracedAdd,
  add: (metadata: string | undefined) => Promise<string[]>,
) => Promise<string[]>;
