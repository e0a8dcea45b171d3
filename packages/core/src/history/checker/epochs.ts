/** Epochs are whole numbers that a double may not hold exactly. */
export function compareEpochs(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}

/** The epoch of "nodeId:epoch". */
export function epochOf(leader: string): string {
  return leader.slice(leader.lastIndexOf(':') + 1);
}
