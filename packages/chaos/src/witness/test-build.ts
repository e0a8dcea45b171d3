import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { coreFolder, rootFolder } from '../paths.js';

type Sources = Readonly<Record<string, { readonly lua: string; readonly numberOfKeys: number }>>;

/** What this package reads of the library's build, beside its public parts. */
interface ScriptsModule {
  readonly composeScripts: (sources: Sources) => Sources;
  readonly installedBullMQ: () => {
    readonly scripts: Readonly<Record<string, { name?: string; content?: string }>>;
  };
}

/** The scripts with the lines that write the witness stream, as processes of the campaign load them. */
export interface WitnessedScripts {
  /** A file for CHAOS_LUA_SOURCES. */
  readonly file: string;
  /** SHA-1 of a script's text → its name; BullMQ's own scripts too. */
  readonly names: ReadonlyMap<string, string>;
}

interface TestBuild {
  readonly witnessed: Sources;
  /** By the name of a mistake that the sources know: the scripts that have it. */
  readonly bugs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * @param folder - where the file goes
 * @param bug - a mistake that the scripts are to have; what it leads to is then found, or the campaign is worth nothing
 */
export async function witnessedScripts(folder: string, bug?: string): Promise<WitnessedScripts> {
  const build = testBuild();
  const witnessed = bug === undefined ? build.witnessed : seeded(build, bug);
  const file = join(folder, 'witnessed-scripts.json');
  writeFileSync(file, JSON.stringify(witnessed));

  const { composeScripts, installedBullMQ } = await scriptsModule();
  const names = new Map<string, string>();
  for (const { name, content } of Object.values(installedBullMQ().scripts))
    if (name !== undefined && content !== undefined) names.set(sha1(content), `bullmq:${name}`);
  for (const [name, { lua }] of Object.entries(composeScripts(witnessed))) names.set(sha1(lua), name);
  return { file, names };
}

/** The names of the library's own scripts, and of BullMQ's as {@link WitnessedScripts.names} has them. */
export async function installedScripts(): Promise<{ own: string[]; bullmq: string[] }> {
  const { installedBullMQ } = await scriptsModule();
  const generated = pathToFileURL(join(coreFolder, 'dist/esm/redis/generated/lua-sources.js')).href;
  const { luaSources } = (await import(generated)) as { luaSources: Sources };
  const theirs = Object.values(installedBullMQ().scripts).flatMap(({ name }) => name ?? []);
  return { own: Object.keys(luaSources), bullmq: theirs.map((name) => `bullmq:${name}`) };
}

/** The mistakes that the sources of the scripts know, by name. */
export function seededBugs(): string[] {
  return Object.keys(testBuild().bugs).sort();
}

function testBuild(): TestBuild {
  const tool = join(rootFolder, 'tools', 'embed-lua.mjs');
  const output = execFileSync(process.execPath, [tool, '--test'], {
    encoding: 'utf8',
    maxBuffer: 100_000_000,
  });
  return JSON.parse(output) as TestBuild;
}

async function scriptsModule(): Promise<ScriptsModule> {
  const file = pathToFileURL(join(coreFolder, 'dist/esm/bullmq/bullmq-scripts.js')).href;
  return (await import(file)) as ScriptsModule;
}

function seeded({ witnessed, bugs }: TestBuild, bug: string): Sources {
  const changed = bugs[bug];
  if (changed === undefined)
    throw new Error(`No script has the mistake "${bug}", but: ${Object.keys(bugs).join(', ')}`);
  const all = { ...witnessed };
  for (const [name, lua] of Object.entries(changed)) all[name] = { ...witnessed[name]!, lua };
  return all;
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
