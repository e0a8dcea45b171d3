import { isCount } from '../domain/task-option-rules.js';
import {
  environmentVariables,
  readNumberVariable,
  readVariable,
  type EnvReader,
  type OptionWithVariable,
} from './env.js';
import { groupKeys, readGroup, type OptionGroup } from './known-options.js';
import { allowedNumber, type NumberOption } from './number-options.js';
import type { ProblemList } from './problems.js';
import type { ResolvedQueueOptions } from './resolved-options.js';
import type { OptionWarning } from './warnings.js';

type Record_ = Readonly<Record<string, unknown>>;

/** A value and the name under which the user knows where it came from: an option or a variable. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** All that resolving the options of one queue needs to know, and where it puts what it finds. */
export interface ResolveContext {
  readonly given: Record_;
  readonly groups: Readonly<Record<Exclude<OptionGroup, 'redisOptions'>, Record_>>;
  /** The root queue's options, for a feature. */
  readonly root: ResolvedQueueOptions | undefined;
  readonly readEnv: EnvReader;
  readonly problems: ProblemList;
  readonly warnings: OptionWarning[];
}

/** Opens the groups of the options and checks their keys. */
export function createContext(
  given: Record_,
  context: Omit<ResolveContext, 'given' | 'groups' | 'warnings'>,
): ResolveContext {
  const group = (name: Exclude<OptionGroup, 'redisOptions'>) =>
    readGroup(name, given[name], groupKeys[name], context.problems);
  const groups = {
    workerOptions: group('workerOptions'),
    queueOptions: group('queueOptions'),
    electionOptions: group('electionOptions'),
  };
  return { ...context, given, groups, warnings: [] };
}

/** A whole number: the option, else the root queue's value (feature), else the variable, else the default. */
export function resolveNumber(
  context: ResolveContext,
  resolvedAs: keyof ResolvedQueueOptions,
  rule: NumberOption,
): Sourced<number> | undefined {
  const found = findNumber(context, resolvedAs, rule);
  if (isCount(found.value, rule.min, rule.max)) return found as Sourced<number>;
  context.problems.add(found.source, found.value, allowedNumber(rule));
  return undefined;
}

function findNumber(
  context: ResolveContext,
  resolvedAs: keyof ResolvedQueueOptions,
  rule: NumberOption,
): Sourced<unknown> {
  const [group, key] = rule.option.split('.') as [keyof ResolveContext['groups'], string];
  const given = context.groups[group][key];
  if (given !== undefined) return { value: given, source: rule.option };
  if (context.root !== undefined) return { value: context.root[resolvedAs], source: rule.option };
  const variable = variableOf(rule.option);
  const value = variable === undefined ? undefined : readNumberVariable(context.readEnv, variable);
  if (variable !== undefined && value !== undefined) return { value, source: variable };
  return { value: rule.default, source: rule.option };
}

/** One of several words: the option, else the root queue's value (feature), else the variable, else the default. */
export function resolveChoice<T extends string>(
  context: ResolveContext,
  option: 'role' | 'locale',
  choices: readonly T[],
  fallback: T,
): T {
  const variable = environmentVariables[option];
  const given = context.given[option];
  const inherited = context.root?.[option];
  const fromVariable = readVariable(context.readEnv, variable);
  // What is inherited has been checked, the variable behind it included.
  const value = given ?? inherited ?? fromVariable ?? fallback;
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  const source = given === undefined && fromVariable !== undefined ? variable : option;
  context.problems.add(source, value, choices.join(', '));
  return fallback;
}

const namePattern = /^[A-Za-z0-9_.{}-]{1,128}$/;
const allowedName = '1 to 128 characters out of A-Z a-z 0-9 _ . { } -';

/** A name of queues or keys: the option, else the variable (root queue), else the default of this queue. */
export function resolveName(
  context: ResolveContext,
  option: OptionWithVariable & `queueOptions.${string}`,
  fallback: Sourced<string>,
): string {
  const variable = environmentVariables[option];
  const given = context.groups.queueOptions[option.slice('queueOptions.'.length)];
  const fromVariable = context.root === undefined ? readVariable(context.readEnv, variable) : undefined;
  const { value, source }: Sourced<unknown> =
    given !== undefined
      ? { value: given, source: option }
      : fromVariable !== undefined
        ? { value: fromVariable, source: variable }
        : fallback;
  if (typeof value === 'string' && namePattern.test(value)) return value;
  context.problems.add(source, value, allowedName);
  return fallback.value;
}

function variableOf(option: string): string | undefined {
  return Object.hasOwn(environmentVariables, option)
    ? environmentVariables[option as OptionWithVariable]
    : undefined;
}
