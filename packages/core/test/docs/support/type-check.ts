import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const core = fileURLToPath(new URL('../../../', import.meta.url));

/** What a user's project has; like ours, but for the rules that only concern whole projects (unused names). */
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [join(core, 'node_modules/@types')],
  strict: true,
  noImplicitReturns: true,
  noImplicitOverride: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  isolatedModules: true,
  skipLibCheck: true,
  noEmit: true,
  // Always the sources of now, whether or not the package has been built.
  paths: {
    'nestjs-affinity-queue': [join(core, 'src/index.ts')],
    'nestjs-affinity-queue/*': [join(core, 'src/*/index.ts')],
  },
};

/**
 * Type-checks texts in one program, as if they were files of a project that uses the library.
 *
 * @param files - text by path; a relative path is taken from `packages/core/test/docs/blocks`
 * @returns one line per problem: `path:line: text`
 */
export function typeCheck(files: ReadonlyMap<string, string>): string[] {
  const base = join(core, 'test/docs/blocks');
  const texts = new Map([...files].map(([path, text]) => [join(base, path), text]));
  const folders = new Set([...texts.keys()].flatMap(parentsOf));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.directoryExists = (path) => folders.has(path) || (directoryExists?.(path) ?? existsSync(path));
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    return text === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const found = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  for (const path of texts.keys()) {
    const source = program.getSourceFile(path);
    found.push(...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source));
  }
  return found.map((diagnostic) => describe(diagnostic, base));
}

/** Compiles one module as a user's project does; the result can be imported. */
export function transpile(text: string): string {
  return ts.transpileModule(text, { compilerOptions: { ...options, module: ts.ModuleKind.ESNext } })
    .outputText;
}

/** Text of a sample in `test/docs/samples`. */
export function readSample(path: string): string {
  return readFileSync(join(core, 'test/docs/samples', path), 'utf8');
}

function describe({ file, start = 0, messageText }: ts.Diagnostic, base: string): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined) return text;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${relative(base, file.fileName)}:${line + 1}: ${text}`;
}

function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...parentsOf(parent)];
}
