import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { luaSources, type LuaScriptName } from '../../../src/redis/generated/lua-sources.js';
import type { LuaScript } from '../../../src/redis/script-runner.js';

type Sources = Record<LuaScriptName, LuaScript>;

interface TestBuild {
  /** Every script, with the lines that append to the witness stream. */
  readonly witnessed: Sources;
  /** By the name of each mistake: the scripts that have it. */
  readonly bugs: Readonly<Record<string, Partial<Record<LuaScriptName, string>>>>;
}

const tool = join(import.meta.dirname, '../../../../../tools/embed-lua.mjs');
let build: TestBuild | undefined;

/** The test build of the Lua sources, made anew in each test process. */
export function testBuild(): TestBuild {
  const output = (): string =>
    execFileSync(process.execPath, [tool, '--test'], { encoding: 'utf8', maxBuffer: 100_000_000 });
  build ??= JSON.parse(output()) as TestBuild;
  return build;
}

/** All scripts, witnessed, with one mistake in them. */
export function seededSources(bug: string): Sources {
  const { witnessed, bugs } = testBuild();
  const changed = bugs[bug];
  if (changed === undefined) throw new Error(`no script has the mistake "${bug}"`);
  const sources = { ...witnessed };
  for (const [name, lua] of Object.entries(changed) as [LuaScriptName, string][])
    sources[name] = { ...witnessed[name], lua };
  return sources;
}

export const shippedSources: Sources = luaSources;
