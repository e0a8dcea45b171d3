import { readMarkdown } from './markdown.js';

/** One `redis-cli` command of a document. */
export interface RedisCommand {
  readonly where: string;
  readonly words: readonly string[];
  /** The shell variable that gets the answer. */
  readonly into?: string;
  /** Of the answer, what stands behind the sixth colon, up to a space. */
  readonly cut?: boolean;
}

/** A line that gives a shell variable a text. */
export interface Assignment {
  readonly variable: string;
  readonly text: string;
}

/** What the shell blocks of a document do with Redis, line by line; other commands are left out. */
export function redisLines(file: string): (RedisCommand | Assignment)[] {
  const shell = readMarkdown(file).blocks.filter(({ language }) => language === 'sh');
  return shell.flatMap(({ code, line: start }) =>
    code.split('\n').flatMap((raw, index): (RedisCommand | Assignment)[] => {
      const line = raw.replace(/\s#.*$/, '').trim();
      const where = `${file}:${start + index + 1}`;
      const answered = /^(\w+)=\$\(redis-cli ([^|]*?)( \| cut -d' ' -f2-)?\)$/.exec(line);
      if (answered)
        return [
          { where, into: answered[1]!, words: answered[2]!.split(/\s+/), cut: answered[3] !== undefined },
        ];
      const assigned = /^([a-z]\w*)=(\S+)$/.exec(line);
      if (assigned) return [{ variable: assigned[1]!, text: assigned[2]! }];
      const plain = /^redis-cli ([^|]*?)(?: \| jq)?$/.exec(line);
      return plain ? [{ where, words: plain[1]!.trim().split(/\s+/) }] : [];
    }),
  );
}

/** Puts the values of shell variables into a word. */
export function expand(word: string, variables: ReadonlyMap<string, string>): string {
  return word.replace(/\$(\w+)/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`$${name} has no value`);
    return value;
  });
}
