/**
 * What the page knows of a queue: the latest update, and the batches, rates and incidents that came with earlier ones.
 */
export class QueueState {
  batches = new Map();
  rates = new Map();
  incidents = [];
  latest = undefined;

  apply(update) {
    if (update.complete) {
      this.batches = new Map();
      this.rates = new Map();
      this.incidents = [];
    }
    for (const batch of update.batches) this.batches.set(batch.id, batch);
    for (const rate of update.rates) this.rates.set(rate.at, rate);
    if (update.incidents) this.incidents = update.incidents;
    this.latest = update;
    this.#forget(update.now - update.windowMs);
  }

  /** Tasks per second, and how long they waited and ran, in the last full minute. */
  summary() {
    const { now, rateSpanMs } = this.latest;
    const spans = 60_000 / rateSpanMs;
    const from = now - (now % rateSpanMs) - spans * rateSpanMs;
    const recent = [...this.rates.values()].filter(({ at }) => at >= from && at < now - (now % rateSpanMs));
    const sum = (name) => recent.reduce((total, rate) => total + rate[name], 0);
    return {
      completed: sum('completed'),
      failed: sum('failed'),
      perSecond: (sum('completed') + sum('failed')) / ((spans * rateSpanMs) / 1_000),
      waited: typical(recent.map(({ waited }) => waited)),
      ran: typical(recent.map(({ ran }) => ran)),
    };
  }

  #forget(before) {
    for (const [id, { to }] of this.batches) if (to !== null && to < before) this.batches.delete(id);
    for (const at of this.rates.keys()) if (at < before) this.rates.delete(at);
  }
}

/** The median of many spans, each counted as often as it has tasks. */
function typical(durations) {
  const known = durations.filter((one) => one !== null).sort((a, b) => a.median - b.median);
  const count = known.reduce((total, one) => total + one.count, 0);
  let passed = 0;
  for (const one of known) {
    passed += one.count;
    if (passed * 2 >= count) return one.median;
  }
  return null;
}
