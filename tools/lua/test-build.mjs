/**
 * What the Lua sources hold for tests only. Three builds come from one text:
 *
 * - the shipped one has neither kind of line;
 * - the witnessed one is the shipped one with lines that append to the witness stream, each ending in `--- @witness`, so that
 *   taking those lines away gives the shipped text back, byte for byte;
 * - a seeded one is the witnessed one with one mistake made on purpose.
 *
 * In a source,
 *
 *   --- @witness "recovered", "worker", worker      becomes a call: the entry's name, then fields and Lua expressions by turns
 *   --- @witness when code == 1: "gone", "id", id   the same, under a condition in Lua
 *   --- @bug "the name of the mistake"              leaves the next line out
 *   --- @bug "the name of the mistake" local x = 1  puts this in place of the next line
 *
 * A mistake may stand at several places.
 */
const WITNESS_LINE = /^([ \t]*)--- @witness (?:when (.+?): )?(.+)$/;
const BUG_LINE = /^([ \t]*)--- @bug "([^"]+)"(?: (.+))?$/;
const MARK = ' --- @witness';
const PREAMBLE = `local function witness(...) redis.call('XADD', ARGV[1] .. 'aff:witness', '*', 'event', ...) end${MARK}`;

/** A script without the lines for tests. */
export function shippedText(lua) {
  return lines(lua)
    .filter((line) => !WITNESS_LINE.test(line) && !BUG_LINE.test(line))
    .join('\n');
}

/**
 * @param {{ name: string, lua: string, numberOfKeys: number }[]} scripts flattened, with all their lines
 * @param {(lua: string) => string} embedded what is done with a script before it is embedded
 * @returns {{ witnessed: Record<string, { lua: string, numberOfKeys: number }>, bugs: Record<string, Record<string, string>> }}
 *   all scripts, and of each mistake the scripts that it changes
 */
export function testBuild(scripts, embedded) {
  const witnessed = {};
  const bugs = {};
  for (const { name, lua, numberOfKeys } of scripts) {
    witnessed[name] = { lua: embedded(witnessedText(lua)), numberOfKeys };
    for (const bug of bugsOf(lua)) {
      bugs[bug] ??= {};
      bugs[bug][name] = embedded(witnessedText(seeded(lua, bug)));
    }
  }
  return { witnessed, bugs };
}

function witnessedText(lua) {
  let has = false;
  const text = lines(lua)
    .filter((line) => !BUG_LINE.test(line))
    .map((line) => {
      const match = WITNESS_LINE.exec(line);
      if (!match) return line;
      has = true;
      const [, indent, condition, fields] = match;
      const call = `witness(${fields})`;
      return `${indent}${condition ? `if ${condition} then ${call} end` : call}${MARK}`;
    })
    .join('\n');
  return has ? `${PREAMBLE}\n${text}` : text;
}

function bugsOf(lua) {
  return new Set(lines(lua).flatMap((line) => BUG_LINE.exec(line)?.[2] ?? []));
}

function seeded(lua, bug) {
  const result = [];
  let replacement;
  for (const line of lines(lua)) {
    const match = BUG_LINE.exec(line);
    if (match) {
      if (match[2] === bug) replacement = match[3] ? [`${match[1]}${match[3]}`] : [];
    } else if (replacement) {
      result.push(...replacement);
      replacement = undefined;
    } else result.push(line);
  }
  return result.join('\n');
}

function lines(lua) {
  return lua.split('\n');
}
