import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Module, Post, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import ts from 'typescript';
import * as api from '../../../src/index.js';
import { Task } from '../../../src/index.js';

const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));
const sourceFolder = join(packageFolder, 'src');

/** What users name themselves comes from packages that they have; the types of BullMQ they get from us. */
const packagesOfUsers = ['@nestjs/', 'rxjs', 'ioredis', '@types/node', 'typescript/lib'];

let checker: ts.TypeChecker;
let sources: ts.SourceFile[];
let exported: Map<string, ts.Symbol>;

beforeAll(() => {
  const { config } = ts.readConfigFile(join(packageFolder, '../../tsconfig.base.json'), (path) =>
    readFileSync(path, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, packageFolder);
  const index = join(sourceFolder, 'index.ts');
  const program = ts.createProgram([index], { ...options, noEmit: true });
  checker = program.getTypeChecker();
  sources = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(sourceFolder));
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  exported = new Map(symbols.map((symbol) => [symbol.name, resolved(symbol)]));
});

const resolved = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const isOurs = (declaration: ts.Declaration): boolean =>
  declaration.getSourceFile().fileName.startsWith(sourceFolder);
const hasTag = (node: ts.Node, tag: string): boolean =>
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === tag);
/** A constant's comment stands at its statement. */
const commented = (declaration: ts.Declaration): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;

function isHidden(node: ts.Node): boolean {
  if (hasTag(node, 'internal')) return true;
  if (!ts.isClassElement(node)) return false;
  if (node.name !== undefined && ts.isPrivateIdentifier(node.name)) return true;
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
}

/** Names of types in the visible part of a declaration. Bodies and initial values do not count. */
function namesIn(node: ts.Node, found: ts.Identifier[] = []): ts.Identifier[] {
  if (isHidden(node) || ts.isBlock(node) || isImplements(node)) return found;
  if (ts.isTypeReferenceNode(node)) found.push(rightmost(node.typeName));
  if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) found.push(node.expression);
  ts.forEachChild(node, (child) => void (isInitialValue(node, child) || namesIn(child, found)));
  return found;
}

const isInitialValue = (node: ts.Node, child: ts.Node): boolean =>
  (ts.isPropertyDeclaration(node) || ts.isParameter(node) || ts.isVariableDeclaration(node)) &&
  node.initializer === child;
const isImplements = (node: ts.Node): boolean =>
  ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ImplementsKeyword;
const rightmost = (name: ts.EntityName): ts.Identifier => (ts.isIdentifier(name) ? name : name.right);

describe('the index', () => {
  it('exports what the contract names', () => {
    expect(Object.keys(api)).toEqual(
      expect.arrayContaining([
        'QueueModule',
        'QueueService',
        'WorkerService',
        'SchedulerService',
        'ElectionService',
        'Task',
        'getQueueServiceToken',
        'getWorkerServiceToken',
        'getSchedulerServiceToken',
        'getElectionServiceToken',
        'InjectQueueService',
        'InjectWorkerService',
        'AffinityQueueError',
        'ErrorCode',
      ]),
    );
    const types = `QueueModuleOptions QueueFeatureOptions QueueModuleAsyncOptions QueueFeatureAsyncOptions
      QueueOptionsFactory WorkerState QueueRole RetryOrder TaskOptions BulkTask QueueStats TagStats QueueEvent TaskContext
      TaskHandler LeaderInfo RedisConnectionOptions Job Queue JobsOptions BackoffOptions DeduplicationOptions KeepJobs`;
    for (const name of types.split(/\s+/)) expect([...exported.keys()]).toContain(name);
  });

  it('exports exactly what is marked as public', () => {
    const marked = sources.flatMap((source) => {
      const found: string[] = [];
      ts.forEachChild(source, (node) => {
        if (!hasTag(node, 'publicApi')) return;
        const nodes = ts.isVariableStatement(node) ? node.declarationList.declarations : [node];
        for (const each of nodes) found.push((each as ts.DeclarationStatement).name!.getText());
      });
      return found;
    });
    const ours = [...exported]
      .filter(([, symbol]) => symbol.declarations!.some(isOurs))
      .map(([name]) => name);
    expect([...new Set(marked)].sort()).toEqual(ours.sort());
  });

  it('exports every type of ours and of BullMQ that its declarations mention', () => {
    const known = new Set(exported.values());
    const missing: string[] = [];
    for (const [name, symbol] of exported) {
      for (const declaration of symbol.declarations!.filter(isOurs)) {
        for (const identifier of namesIn(declaration)) {
          const target = resolved(checker.getSymbolAtLocation(identifier)!);
          if (known.has(target) || target.flags & ts.SymbolFlags.TypeParameter) continue;
          const from = target.declarations?.[0]?.getSourceFile().fileName ?? '';
          if (!packagesOfUsers.some((user) => from.includes(`node_modules/${user}`))) {
            missing.push(`${name} mentions ${identifier.text} of ${relative(packageFolder, from)}`);
          }
        }
      }
    }
    expect([...new Set(missing)]).toEqual([]);
  });

  it('describes every export', () => {
    const silent = [...exported].filter(([, symbol]) =>
      symbol.declarations!.some((at) => isOurs(at) && ts.getJSDocCommentsAndTags(commented(at)).length === 0),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

describe('error codes', () => {
  it('belong to one class each, which the product throws', () => {
    const errors = sources.find(({ fileName }) => fileName.endsWith('errors/errors.ts'))!.getText();
    const others = sources
      .filter(
        ({ fileName }) =>
          dirname(relative(sourceFolder, fileName)) !== 'errors' || fileName.endsWith('luaErrors.ts'),
      )
      .map((source) => source.getText())
      .join('\n');
    const classes = errors.split(/^export class /m).slice(1);
    const owners = new Map<string, string[]>();
    for (const text of classes) {
      const name = /^\w+/.exec(text)![0];
      for (const [, code] of text.matchAll(/ErrorCode\.(\w+)/g))
        owners.set(code!, [...(owners.get(code!) ?? []), name]);
      expect(others).toMatch(new RegExp(`new ${name}\\(`));
    }
    expect([...owners.keys()].sort()).toEqual(Object.keys(api.ErrorCode).sort());
    for (const [code, names] of owners) expect([code, names]).toEqual([code, [expect.any(String)]]);
    expect(new Set(Object.values(api.ErrorCode)).size).toBe(Object.keys(api.ErrorCode).length);
  });
});

describe('Task', () => {
  const received: unknown[] = [];

  @Controller()
  class TasksController {
    @Post('tasks')
    add(@Body() task: Task): object {
      received.push(task);
      return { type: task.type, tag: task.identifyTag };
    }
  }

  @Module({ controllers: [TasksController] })
  class HttpModule {}

  let app: INestApplication;
  beforeAll(async () => {
    app = await NestFactory.create(HttpModule, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('can be the type of a body, with metadata, in files that are compiled each for itself', async () => {
    const types = Reflect.getMetadata('design:paramtypes', TasksController.prototype, 'add') as unknown[];
    expect(types).toEqual([Task]);
    const task = { type: 'send-email', identifyTag: 'company-123', payload: { to: 'user@example.com' } };
    const reply = await fetch(`${await app.getUrl()}/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(task),
    });
    expect(reply.status).toBe(201);
    expect(await reply.json()).toEqual({ type: 'send-email', tag: 'company-123' });
    expect(received).toEqual([task]);
  });
});
