import { describe, expect, it } from '@jest/globals';
import { environmentVariables } from '../../src/options/env.js';
import { groupKeys, redisPlaceKeys } from '../../src/options/known-options.js';
import { numberOptions } from '../../src/options/number-options.js';
import { passedThroughRedisOptions } from '../../src/options/redis-connection-options.js';
import { resolveRootOptions } from '../../src/options/resolve-options.js';
import { codeOf, readMarkdown, tableUnder } from './support/markdown.js';

const none = '–';

/** What an application gets that sets nothing at all. */
const { options: resolved } = resolveRootOptions(undefined, () => undefined);

/** Default of every option as the table writes it, by the option's path. */
function expectedDefaults(): Record<string, string> {
  const { redis, identifyTagConcurrency: perTag, defaultTaskOptions } = resolved;
  const expected: Record<string, unknown> = {
    role: resolved.role,
    locale: resolved.locale,
    telemetry: resolved.telemetry,
    'queueOptions.payloadCodec': resolved.payloadCodec,
    'redisOptions.commandTimeout': redis.commandTimeoutMs,
    'redisOptions.allowEviction': redis.allowEviction,
    'electionOptions.watchLocalProcesses': resolved.watchLocalProcesses,
    'queueOptions.pendingQueueName': resolved.pendingQueueName,
    'queueOptions.workerQueuePrefix': resolved.workerQueuePrefix,
    'queueOptions.workerStatePrefix': resolved.workerStatePrefix,
    'queueOptions.identifyTagConcurrency': perTag.default,
  };
  for (const key of redisPlaceKeys) expected[`redisOptions.${key}`] = redis.options[key as never];
  for (const [key, value] of Object.entries(defaultTaskOptions)) {
    expected[`queueOptions.defaultTaskOptions.${key}`] = value;
  }
  for (const [key, { option }] of Object.entries(numberOptions)) expected[option] = resolved[key as never];
  return Object.fromEntries(Object.entries(expected).map(([option, value]) => [option, written(value)]));
}

function written(value: unknown): string {
  if (value === undefined) return none;
  if (typeof value === 'string') return value;
  return JSON.stringify(value, null, 1)
    .replace(/\s+/g, ' ')
    .replace(/"(\w+)":/g, '$1:')
    .replaceAll('"', "'");
}

describe.each([
  ['docs/reference/options.md', 'Options'],
  ['docs/zh-CN/options.md', '选项'],
])('the table of options in %s', (file, heading) => {
  const rows = tableUnder(file, heading);
  const column = (index: number) => rows.map((row) => [codeOf(row[0]!), codeOf(row[index]!)]);

  it('has every option, once', () => {
    const known = Object.keys(expectedDefaults());
    expect(
      column(0)
        .map(([option]) => option)
        .sort(),
    ).toEqual(known.sort());
    // Nothing that the validation knows is left out.
    const groups = Object.entries(groupKeys).flatMap(([group, keys]) => keys.map((key) => `${group}.${key}`));
    const passed: string[] = passedThroughRedisOptions.map((key) => `redisOptions.${key}`);
    const missing = groups.filter(
      (option) => !known.some((path) => path === option || path.startsWith(`${option}.`)),
    );
    expect(missing.sort()).toEqual(passed.sort());
  });

  it('has the defaults', () => {
    expect(Object.fromEntries(column(2))).toEqual(expectedDefaults());
  });

  it('has the variables', () => {
    const stated = column(3).filter(([, variable]) => variable !== none);
    expect(Object.fromEntries(stated)).toEqual(environmentVariables);
  });

  it('says the unit of every number', () => {
    const numbers = Object.values(numberOptions).map(({ option }) => option);
    for (const { option, unit } of Object.values(numberOptions)) {
      const said = rows.find((row) => codeOf(row[0]!) === option)?.[1] ?? '';
      if (unit === 'ms') expect([option, said]).toEqual([option, expect.stringMatching(/^(ms|毫秒)$/)]);
      else expect([option, said]).not.toEqual([option, '']);
    }
    expect(numbers.length).toBeGreaterThan(10);
  });

  it('is followed by the options that ioredis gets', () => {
    const text = readMarkdown(file).prose.join('\n');
    for (const option of passedThroughRedisOptions) expect(text).toContain(`\`${option}\``);
  });
});

describe.each([
  ['README.md', 'Options used most', 'docs/reference/options.md', 'Options'],
  ['README.zh-CN.md', '最常用的选项', 'docs/zh-CN/options.md', '选项'],
])('the options in %s', (file, heading, reference, all) => {
  it('are some of the reference, with the same units, defaults and variables', () => {
    const known = tableUnder(reference, all).map((row) => row.slice(0, 4));
    const named = tableUnder(file, heading).map((row) => row.slice(0, 4));
    expect(named.length).toBeGreaterThan(8);
    expect(known).toEqual(expect.arrayContaining(named));
  });
});
