import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** A fenced block. */
export interface CodeBlock {
  /** Path of the document, from the root. */
  readonly file: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

export interface Heading {
  readonly level: number;
  readonly text: string;
}

/** One of our Markdown files, cut into what the tests look at. */
export interface MarkdownFile {
  readonly file: string;
  readonly blocks: readonly CodeBlock[];
  readonly headings: readonly Heading[];
  /** The lines outside of code blocks. */
  readonly prose: readonly string[];
}

const notOurs = new Set(['node_modules', 'dist', 'coverage', 'reports', 'demo-output', '.git', '.cache']);
/** The reference of the API, made of the docstrings for the site. */
const generated = join('tools', 'site', 'api');

/** All Markdown files of the repository, from the root; not the templates of generated ones, whose links start elsewhere. */
export function markdownFiles(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (notOurs.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (relative(root, path) === generated) return [];
      if (entry.isDirectory()) return markdownFiles(path);
      return /(?<!\.template)\.md$/.test(entry.name) ? [relative(root, path)] : [];
    })
    .sort();
}

/** Reads one of our Markdown files. */
export function readMarkdown(file: string): MarkdownFile {
  const blocks: CodeBlock[] = [];
  const headings: Heading[] = [];
  const prose: string[] = [];
  let open: { line: number; language: string; code: string[] } | undefined;
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = /^ {0,3}```(.*)$/.exec(line);
    if (open && fence) {
      blocks.push({ file, line: open.line, language: open.language, code: `${open.code.join('\n')}\n` });
      open = undefined;
    } else if (open) {
      open.code.push(line);
    } else if (fence) {
      open = { line: index + 1, language: fence[1]?.trim() ?? '', code: [] };
    } else {
      const heading = /^(#{1,6}) (.+?) *$/.exec(line);
      if (heading?.[1] && heading[2]) headings.push({ level: heading[1].length, text: heading[2] });
      prose.push(line);
    }
  }
  if (open) throw new Error(`${file}:${open.line}: a code block that does not end`);
  return { file, blocks, headings, prose };
}

/** Whether a block is TypeScript. */
export function isTypeScript({ language }: CodeBlock): boolean {
  return language === 'ts' || language === 'typescript';
}

/** The name that a block gives itself in a first line such as `// src/app.module.ts`. */
export function fileNameOf({ code }: CodeBlock): string | undefined {
  const name = /^\/\/ ([\w./-]+\.(?:ts|js|cjs|mjs))\n/.exec(code)?.[1];
  return name === undefined ? undefined : basename(name);
}

/**
 * The rows of the first table under a heading, as cells without their code marks.
 *
 * @param heading - text of the heading, or its beginning
 */
export function tableUnder(file: string, heading: string): string[][] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const start = lines.findIndex(
    (line) => /^#{1,6} /.test(line) && line.replace(/^#+ /, '').startsWith(heading),
  );
  if (start < 0) throw new Error(`${file} has no heading "${heading}"`);
  const rest = lines.slice(start + 1);
  const next = rest.findIndex((line) => /^#{1,6} /.test(line));
  const section = next < 0 ? rest : rest.slice(0, next);
  const rows = section.filter((line) => line.startsWith('|')).map(cellsOf);
  // A header and the line under it come first.
  if (rows.length < 3) throw new Error(`${file} has no table under "${heading}"`);
  return rows.slice(2);
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** What stands between the code marks of a cell; the cell itself where there are none. */
export function codeOf(cell: string): string {
  return /^`+ ?(.*?) ?`+$/.exec(cell)?.[1] ?? cell;
}
