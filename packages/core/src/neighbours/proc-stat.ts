/** What `/proc/<pid>/stat` says of a process. */
export interface ProcStat {
  readonly pid: string;
  readonly state: string;
  readonly threads: number;
  /** In clock ticks after the boot; kept as text, for it is only compared. */
  readonly startTime: string;
}

// Counted from after the name: the third field, the 20th and the 22nd of the line.
const stateField = 0;
const threadsField = 17;
const startTimeField = 19;

/** The name of a program can contain spaces, parentheses and line breaks: what counts comes after the last parenthesis. */
export function parseProcStat(text: string): ProcStat | undefined {
  const pid = /^[1-9]\d*(?= \()/.exec(text)?.[0];
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[stateField];
  const threads = Number(fields[threadsField]);
  const startTime = fields[startTimeField];
  if (pid === undefined || !state || !Number.isInteger(threads) || !/^\d+$/.test(startTime ?? ''))
    return undefined;
  return { pid, state, threads, startTime: startTime! };
}
