const CR = 13;
const LF = 10;

/** Cuts a stream of the Redis protocol into its top-level values: commands one way, replies the other. */
export class RespFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the values that are complete now, as they came */
  push(chunk: Buffer): Buffer[] {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    for (let end = endOfValue(data, 0); end !== undefined; end = endOfValue(data, 0)) {
      frames.push(data.subarray(0, end));
      data = data.subarray(end);
    }
    this.#rest = data;
    return frames;
  }
}

/** Where the value that begins at `start` ends, or nothing where the rest of it has not come yet. */
function endOfValue(data: Buffer, start: number): number | undefined {
  const lineEnd = data.indexOf('\r\n', start);
  if (lineEnd === -1) return undefined;
  const next = lineEnd + 2;
  const type = String.fromCharCode(data[start]!);
  if ('+-:_,#('.includes(type)) return next;
  const count = Number(data.toString('latin1', start + 1, lineEnd));
  if ('$=!'.includes(type)) {
    if (count < 0) return next;
    const end = next + count + 2;
    return end <= data.length && data[end - 2] === CR && data[end - 1] === LF ? end : undefined;
  }
  if (!'*~>%|'.includes(type)) throw new Error(`Not the Redis protocol: ${type}`);
  const values = '%|'.includes(type) ? 2 * count : count;
  let end: number | undefined = next;
  for (let i = 0; i < values && end !== undefined; i += 1) end = endOfValue(data, end);
  return end;
}

/** A value that comes without having been asked for. */
export function isPush(frame: Buffer): boolean {
  return frame[0] === 0x3e;
}

/** The first two words of a command. */
export function firstWords(frame: Buffer): [string, string] {
  const words = ['', ''];
  let at = frame.indexOf('\r\n') + 2;
  for (let i = 0; i < 2 && at < frame.length; i += 1) {
    const lineEnd = frame.indexOf('\r\n', at);
    const length = Number(frame.toString('latin1', at + 1, lineEnd));
    words[i] = frame.toString('utf8', lineEnd + 2, lineEnd + 2 + length);
    at = lineEnd + 2 + length + 2;
  }
  return [words[0]!, words[1]!];
}
