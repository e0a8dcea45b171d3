import 'reflect-metadata';
import {
  Module,
  type INestApplicationContext,
  type LoggerService,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { QueueModuleOptions } from '../../../../src/index.js';
import { quickElection } from '../../../support/app.js';
import { testRedisUrl } from '../../../support/redis.js';

/** What Nest's Logger was given, as `LEVEL [context] text`. */
export class CapturedLog implements LoggerService {
  readonly lines: string[] = [];

  log = this.#at('LOG');
  error = this.#at('ERROR');
  warn = this.#at('WARN');
  debug = this.#at('DEBUG');
  verbose = this.#at('VERBOSE');
  fatal = this.#at('FATAL');

  /** Lines of the library. */
  get ours(): string[] {
    return this.lines.filter((line) => /^\w+ \[AffinityQueue/.test(line));
  }

  /** Texts of the library's lines at one level. */
  texts(level: 'LOG' | 'WARN' | 'ERROR' | 'DEBUG'): string[] {
    return this.ours
      .filter((line) => line.startsWith(`${level} `))
      .map((line) => line.replace(/^\w+ \[[^\]]*\] /, ''));
  }

  clear(): void {
    this.lines.length = 0;
  }

  #at(level: string) {
    return (message: unknown, ...rest: unknown[]): void => {
      const context = rest.pop();
      const more = rest.map((part) => ` ${String(part)}`).join('');
      const text = message instanceof Error ? (message.stack ?? message.message) : String(message);
      this.lines.push(`${level} [${String(context)}] ${text}${more}`);
    };
  }
}

/** Nest has one logger for all applications of a process; so have the tests of a file. */
export const log = new CapturedLog();

const running = new Set<INestApplicationContext>();

/** Makes and starts an application, as a process would. */
export async function startApp(
  imports: ModuleMetadata['imports'],
  rest: Omit<ModuleMetadata, 'imports'> = {},
): Promise<INestApplicationContext> {
  @Module({ ...rest, imports })
  class TestModule {}
  const app = await NestFactory.createApplicationContext(TestModule, { logger: log, abortOnError: false });
  running.add(app);
  return app;
}

/** For `afterEach`. */
export async function closeApps(): Promise<void> {
  const apps = [...running];
  running.clear();
  await Promise.all(apps.map((app) => app.close()));
}

/** Options of a root queue with names that no other test has. */
export function rootOptions(name: string, more: QueueModuleOptions = {}): QueueModuleOptions {
  const { queueOptions, electionOptions, redisOptions, ...others } = more;
  return {
    locale: 'en',
    ...others,
    redisOptions: redisOptions ?? { url: testRedisUrl() },
    queueOptions: {
      pendingQueueName: `${name}-pending`,
      workerQueuePrefix: `${name}-worker`,
      workerStatePrefix: `${name}-state`,
      ...queueOptions,
    },
    electionOptions: { ...quickElection, ...electionOptions },
  };
}

/** Sets variables for one test; `afterEach(restoreVariables)`. */
export function setVariables(variables: Record<string, string>): void {
  willBeSet(Object.keys(variables));
  Object.assign(process.env, variables);
}

/** Variables that something else sets during the test. */
export function willBeSet(names: readonly string[]): void {
  for (const name of names) if (!saved.has(name)) saved.set(name, process.env[name]);
}

const saved = new Map<string, string | undefined>();

export function restoreVariables(): void {
  for (const [name, value] of saved) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  saved.clear();
}
