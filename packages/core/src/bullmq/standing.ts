import { utf8Bytes } from '../domain/text.js';

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
    id: afterBytes(text.slice(head.length), Number(bytes)).slice(1),
  };
}

/**
 * What a completion tells of where its worker stands: now; and how that goes on with the next task of the batch, in two pieces
 * between which the script puts the next task's place in the order, and after which its id.
 */
export function completionOf(
  standing: string,
  { id, attempt, batchPosition, fencingToken }: Standing,
  isShort: boolean,
): readonly [standing: string, id: string, head: string, tail: string] {
  const last = `${id}:${attempt}`;
  const head = `${isShort ? 1 : 0}:1:${batchPosition + 1}:${fencingToken}:`;
  return [standing, id, head, `:${utf8Bytes(last)}:${last} `];
}

/** Whether Redis was told that the tasks of the worker are short. */
function saysShort(standing: string): boolean {
  return standing.startsWith('1') || standing.startsWith('~1');
}

/** What a completion says besides about the length of its worker's tasks: nothing while that is as Redis knows it. */
export function changeOfLength(standing: string, isShort: boolean): '' | ':0' | ':1' {
  if (isShort === saysShort(standing)) return '';
  return isShort ? ':1' : ':0';
}

/** Redis counts bytes; most ids have as many characters. */
function afterBytes(text: string, bytes: number): string {
  const isPlain = utf8Bytes(text.slice(0, bytes)) === bytes;
  return isPlain ? text.slice(bytes) : Buffer.from(text).subarray(bytes).toString();
}
