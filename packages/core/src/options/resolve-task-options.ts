import { assertValidTag } from '../domain/task-data.js';
import { isCount, isRecord, taskOptionRules } from '../domain/task-option-rules.js';
import { InvalidTaskError } from '../errors/errors.js';
import { defaults, taskDefaults } from './defaults.js';
import { readGroup } from './known-options.js';
import { allowedNumber } from './number-options.js';
import type { ResolveContext } from './resolve-context.js';
import type { ResolvedTagConcurrency, ResolvedTaskDefaults } from './resolved-options.js';

const defaultsPath = 'queueOptions.defaultTaskOptions';
const concurrencyPath = 'queueOptions.identifyTagConcurrency';
const concurrencyRange = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** The defaults of tasks, each option for itself: given, else the root queue's (feature), else the default. */
export function resolveTaskDefaults(context: ResolveContext): ResolvedTaskDefaults {
  const { problems, groups, root } = context;
  const known = Object.keys(taskOptionRules);
  const given = readGroup(defaultsPath, groups.queueOptions.defaultTaskOptions, known, problems);
  const base = root?.defaultTaskOptions ?? taskDefaults;
  const resolved: Record<string, unknown> = {};
  for (const [option, rule] of Object.entries(taskOptionRules)) {
    const value = given[option] ?? base[option as keyof ResolvedTaskDefaults];
    if (!rule.accepts(value)) problems.add(`${defaultsPath}.${option}`, value, rule.allowed);
    resolved[option] = isRecord(value) ? Object.freeze({ ...value }) : value;
  }
  return Object.freeze(resolved) as unknown as ResolvedTaskDefaults;
}

/** Workers per tag, as a whole: given, else the root queue's (feature), else the default. */
export function resolveTagConcurrency(context: ResolveContext, maxTagBytes: number): ResolvedTagConcurrency {
  const given = context.groups.queueOptions.identifyTagConcurrency;
  if (given === undefined) {
    return context.root?.identifyTagConcurrency ?? tagConcurrency(defaults.identifyTagConcurrency, []);
  }
  if (!isRecord(given)) {
    checkWorkers(context, concurrencyPath, given);
    return tagConcurrency(given as number, []);
  }
  const tags = Object.entries(given).filter(([tag, workers]) => tag !== 'default' && workers !== undefined);
  for (const [tag, workers] of tags) {
    const option = `${concurrencyPath}[${JSON.stringify(tag)}]`;
    checkTag(context, option, tag, maxTagBytes);
    checkWorkers(context, option, workers);
  }
  const fallback = given.default ?? defaults.identifyTagConcurrency;
  checkWorkers(context, `${concurrencyPath}.default`, fallback);
  return tagConcurrency(fallback as number, tags as [string, number][]);
}

function tagConcurrency(fallback: number, entries: readonly [string, number][]): ResolvedTagConcurrency {
  // Without a prototype a tag may be called `__proto__` or `constructor`.
  const tags = Object.create(null) as Record<string, number>;
  for (const [tag, workers] of entries) tags[tag] = workers;
  return Object.freeze({ default: fallback, tags: Object.freeze(tags) });
}

function checkWorkers({ problems }: ResolveContext, option: string, value: unknown): void {
  if (isCount(value, concurrencyRange.min)) return;
  const perTag = option === concurrencyPath ? ', or an object of such numbers by tag' : '';
  problems.add(option, value, `${allowedNumber(concurrencyRange)}${perTag}`);
}

function checkTag({ problems }: ResolveContext, option: string, tag: string, maxTagBytes: number): void {
  try {
    assertValidTag(tag, maxTagBytes);
  } catch (error) {
    if (!(error instanceof InvalidTaskError)) throw error;
    problems.addText(option, `a tag that ${error.details.reason}`, 'tags that tasks can have');
  }
}
