/** Learns the sizes of batches from the positions of their tasks: a batch is over when its worker runs one of another. */
export class BatchSizes {
  readonly #open = new Map<string, { readonly fencingToken: number; size: number }>();

  constructor(private readonly onBatch: (size: number) => void) {}

  began(workerId: string, fencingToken: number, batchPosition: number): void {
    const open = this.#open.get(workerId);
    if (open?.fencingToken === fencingToken) {
      open.size = Math.max(open.size, batchPosition);
      return;
    }
    if (open !== undefined) this.onBatch(open.size);
    this.#open.set(workerId, { fencingToken, size: batchPosition });
  }

  /** @param busy - workers that have a batch at this moment; those of all others are over */
  settle(busy: ReadonlySet<string>): void {
    for (const [workerId, { size }] of this.#open) {
      if (busy.has(workerId)) continue;
      this.#open.delete(workerId);
      this.onBatch(size);
    }
  }
}
