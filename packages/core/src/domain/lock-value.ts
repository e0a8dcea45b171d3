/** Epoch in the value of an election lock, "nodeId:epoch". */
export function epochOf(lockValue: string): string {
  return lockValue.slice(lockValue.lastIndexOf(':') + 1);
}

/** Node in the value of an election lock, "nodeId:epoch". */
export function nodeIdOf(lockValue: string): string {
  return lockValue.slice(0, lockValue.lastIndexOf(':'));
}
