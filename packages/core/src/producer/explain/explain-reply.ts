/** Where the script found a task. */
export type TaskPlace =
  | 'none'
  | 'completed'
  | 'failed'
  | 'delayed'
  | 'waiting-children'
  | 'running'
  | 'dispatched'
  | 'ahead'
  | 'indexed'
  | 'added'
  | 'prioritized'
  | 'active'
  | 'lost';

/** A worker that the tag of the task is bound to. */
export interface OwnerFacts {
  readonly workerId: string;
  /** Tag of its batch. */
  readonly tag: string | null;
  readonly batchSize: number;
  readonly nextTag: string | null;
  readonly running: string | null;
  /** Tasks of its batch that it has not taken. */
  readonly waiting: number;
}

/** What the script says about a task. */
export interface TaskFacts {
  readonly place: TaskPlace;
  /** 1: the next one; `undefined` where it is further away than the script looks, or the place is no list. */
  readonly position: number | undefined;
  readonly worker: string | undefined;
  readonly owners: readonly OwnerFacts[];
  text(name: string): string | undefined;
  /** 0 where there is none. */
  number(name: string): number;
}

type Reply = readonly [
  fields: readonly string[],
  owners: readonly (readonly [string, string, string, string, string, string, number])[],
];

/** The reply of `explainTask`. */
export function decodeExplainReply(reply: unknown): TaskFacts {
  const [flat, rows] = reply as Reply;
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '');
  const owners = rows.map(([workerId, tag, batch, , nextTag, running, waiting]) => ({
    workerId,
    tag: tag || null,
    batchSize: Number(batch),
    nextTag: nextTag || null,
    running: running || null,
    waiting,
  }));
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  return {
    place: (fields.get('place') ?? 'none') as TaskPlace,
    position: number('position') || undefined,
    worker: fields.get('worker'),
    owners,
    // A text that the script cut can end in half a character.
    text: (name) => fields.get(name)?.replace(/\ufffd+$/, ''),
    number,
  };
}
