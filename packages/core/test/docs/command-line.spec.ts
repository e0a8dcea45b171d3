import { describe, expect, it } from '@jest/globals';
import { exitCode } from '../../src/cli/exit-codes.js';
import { runCommandLine } from '../../src/cli/program.js';
import { codeOf, tableUnder } from './support/markdown.js';

async function help(...args: readonly string[]): Promise<string> {
  let said = '';
  const out = { write: (text: string) => void (said += text) };
  const signal = new AbortController().signal;
  await runCommandLine([...args, '--help'], { out, err: out, isInteractive: false, signal });
  return said;
}

describe('docs/guides/command-line.md', () => {
  const stated = (heading: string): string[] =>
    tableUnder('docs/guides/command-line.md', heading).map(([first]) => codeOf(first!));
  const firstWords = (rows: readonly string[]): string[] => rows.map((row) => row.split(' ')[0] ?? '');

  it('has every command with its options', async () => {
    const [usage = ''] = (await help()).split('Exit codes');
    const commands = [...usage.matchAll(/^ {2}([a-z]+(?:-[a-z]+)*) .*$/gm)].map(([, name]) => name!);
    const known = commands.filter((name) => name !== 'help');
    const rows = stated('Commands');
    expect(firstWords(rows)).toEqual(known);
    for (const name of known) {
      const options = [...(await help(name)).matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option!);
      const row = rows.find((text) => text.startsWith(name)) ?? '';
      expect(options.filter((option) => !row.includes(option))).toEqual([]);
    }
  });

  it('has every option before the command, and every exit code', async () => {
    const options = [...(await help()).matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option!);
    expect(firstWords(stated('Options before the command'))).toEqual(options);
    expect(stated('Exit codes').map(Number)).toEqual(Object.values(exitCode).sort());
  });
});
