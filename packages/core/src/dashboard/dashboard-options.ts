import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { displayValue } from '../domain/text.js';
import { InvalidOptionsError, type OptionProblem } from '../errors/errors.js';

/** A guard as `@UseGuards` takes it. @publicApi */
export type DashboardGuard = Type<CanActivate> | CanActivate;

/**
 * What the page shows and allows.
 *
 * @publicApi
 */
export interface DashboardSettings {
  /**
   * Whether nothing can be changed from the page. With `false` whoever passes the guard can pause and resume, retry and remove.
   *
   * @default true
   */
  readOnly?: boolean;

  /**
   * Heading of the page.
   *
   * @default 'Affinity queues'
   */
  title?: string;
}

/**
 * Where the page is, and who may see it.
 *
 * @publicApi
 */
export interface DashboardMount extends Pick<ModuleMetadata, 'imports'> {
  /**
   * Path of the page, below the application's global prefix.
   *
   * @default 'queues'
   */
  path?: string;

  /** Who may see the page. Classes are made in the dashboard's module, with what `imports` provides. */
  guard?: DashboardGuard | readonly DashboardGuard[];

  /**
   * Mounts the page without a guard: where a global guard or a proxy protects it.
   *
   * @default false
   */
  allowUnguarded?: boolean;
}

/** Argument of `DashboardModule.register`. @publicApi */
export interface DashboardModuleOptions extends DashboardMount, DashboardSettings {}

/** Argument of `DashboardModule.registerAsync`: path and guard are known in advance. @publicApi */
export interface DashboardModuleAsyncOptions extends DashboardMount {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what `inject` names is what the factory gets
  useFactory: (...args: any[]) => DashboardSettings | Promise<DashboardSettings>;
  inject?: FactoryProvider['inject'];
}

export interface ResolvedMount {
  readonly path: string;
  readonly guards: readonly DashboardGuard[];
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

export interface ResolvedSettings {
  readonly readOnly: boolean;
  readonly title: string;
}

const maxTitleLength = 100;
const method = 'DashboardModule';

/** @throws {@link InvalidOptionsError} */
export function resolveMount({
  path = 'queues',
  guard,
  allowUnguarded,
  imports = [],
}: DashboardMount): ResolvedMount {
  const guards = (Array.isArray(guard) ? guard : [guard]).filter(
    (one) => one !== undefined,
  ) as DashboardGuard[];
  const problems: OptionProblem[] = [];
  if (typeof path !== 'string' || path.replaceAll('/', '') === '' || /[:*?(){}\s]/.test(path))
    problems.push({
      option: `${method} path`,
      value: displayValue(path),
      allowed: 'a path such as "/queues"',
    });
  for (const one of guards) {
    const isGuard = typeof one === 'function' || typeof one?.canActivate === 'function';
    const allowed = 'a class or an object with canActivate()';
    if (!isGuard) problems.push({ option: `${method} guard`, value: displayValue(one), allowed });
  }
  if (guards.length === 0 && allowUnguarded !== true) {
    const allowed =
      'a guard, as for @UseGuards; or allowUnguarded: true, where a global guard or a proxy protects the page';
    problems.push({ option: `${method} guard`, value: 'none', allowed });
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { path, guards, imports };
}

/** @throws {@link InvalidOptionsError} */
export function resolveSettings({
  readOnly = true,
  title = 'Affinity queues',
}: DashboardSettings): ResolvedSettings {
  const problems: OptionProblem[] = [];
  if (typeof readOnly !== 'boolean')
    problems.push({ option: `${method} readOnly`, value: displayValue(readOnly), allowed: 'true, false' });
  if (typeof title !== 'string' || title.length === 0 || title.length > maxTitleLength) {
    const allowed = `1 to ${maxTitleLength} characters`;
    problems.push({ option: `${method} title`, value: displayValue(title), allowed });
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze({ readOnly, title });
}
