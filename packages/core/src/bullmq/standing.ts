/** Where a worker stands, as Redis keeps it: see includes/standing.lua. */
export interface Standing {
  readonly attempt: number;
  /** How many tasks of its batch were taken, with the current one. */
  readonly batchPosition: number;
  readonly fencingToken: number;
  /** The place of the current task in the order. */
  readonly seq: string;
  /** The id of the current task. */
  readonly id: string;
}

const fields = /^~?[01]:(\d*):(\d+):(\d*):([^:]*):(\d+):/;

/** @throws RangeError for a text that no script of ours has written */
export function readStanding(text: string): Standing {
  const match = fields.exec(text);
  if (match === null) throw new RangeError('no standing of a worker');
  const [head, attempt, batchPosition, fencingToken, seq = '', bytes] = match;
  return {
    attempt: Number(attempt),
    batchPosition: Number(batchPosition),
    fencingToken: Number(fencingToken),
    seq,
    id: firstBytes(text.slice(head.length), Number(bytes)),
  };
}

/** Redis counts bytes; most ids have as many characters. */
function firstBytes(text: string, bytes: number): string {
  const id = text.slice(0, bytes);
  return Buffer.byteLength(id) === bytes ? id : Buffer.from(text).subarray(0, bytes).toString();
}
