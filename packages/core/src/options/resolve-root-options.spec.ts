import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../errors/errors.js';
import { environmentVariables } from './env.js';
import { groupKeys } from './known-options.js';
import { numberOptions } from './number-options.js';
import { resolveRootOptions } from './resolve-options.js';

const noEnv = () => undefined;
const env = (variables: Record<string, unknown>) => (name: string) => variables[name];

function resolve(options: unknown, variables: Record<string, unknown> = {}) {
  return resolveRootOptions(options as never, env(variables)).options;
}

function problemsOf(options: unknown, variables: Record<string, unknown> = {}) {
  try {
    resolve(options, variables);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.details.problems;
    throw error;
  }
  return [];
}

describe('defaults', () => {
  it('make forRoot() work alone', () => {
    expect(resolveRootOptions(undefined, noEnv)).toEqual({
      warnings: [],
      options: {
        name: undefined,
        role: 'BOTH',
        maxBatchSize: 10,
        workerCount: 1,
        shutdownTimeoutMs: 30_000,
        taskTimeoutMs: 0,
        maxCrashes: 3,
        redis: {
          options: { host: 'localhost', port: 6379, db: 0 },
          commandTimeoutMs: 10_000,
          allowEviction: false,
        },
        pendingQueueName: 'pending-tasks',
        workerQueuePrefix: 'worker-queue',
        workerStatePrefix: 'worker-state',
        schedulerIntervalMs: 1_000,
        scanCount: 100,
        identifyTagConcurrency: { default: 1, tags: {} },
        defaultTaskOptions: {
          attempts: 3,
          backoff: { type: 'exponential', delay: 1_000 },
          retryOrder: 'block',
          removeOnComplete: { count: 1_000, age: 86_400 },
          removeOnFail: { count: 5_000, age: 604_800 },
        },
        maxPayloadBytes: 262_144,
        maxResultBytes: 262_144,
        maxTagBytes: 512,
        electionLockTtlMs: 30_000,
        heartbeatIntervalMs: 10_000,
        heartbeatTimeoutMs: 60_000,
        watchLocalProcesses: true,
        locale: 'zh',
      },
    });
  });

  it('cannot be changed through the result', () => {
    const options = resolve({ queueOptions: { identifyTagConcurrency: { a: 2 } } });
    const parts = [
      options,
      options.redis,
      options.redis.options,
      options.identifyTagConcurrency,
      options.identifyTagConcurrency.tags,
      options.defaultTaskOptions,
      options.defaultTaskOptions.backoff,
    ];
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
  });
});

describe('precedence of numbers', () => {
  const cases = Object.entries(numberOptions).map(([resolvedAs, rule]) => {
    const variable = (environmentVariables as Record<string, string>)[rule.option];
    return { resolvedAs, rule, variable };
  });

  it.each(cases)('$rule.option: option, then $variable, then default', ({ resolvedAs, rule, variable }) => {
    const [group, key] = rule.option.split('.') as [string, string];
    // Two values near the default are valid for every rule, also across the rules of the election.
    const [optionValue, variableValue] = [rule.default + 1, rule.default + 2];
    const read = (options: unknown, variables: Record<string, unknown>) =>
      resolve(options, variables)[resolvedAs as 'maxBatchSize'];

    expect(read({}, {})).toBe(rule.default);
    expect(read({ [group]: { [key]: optionValue } }, {})).toBe(optionValue);
    expect(read({ [group]: { [key]: undefined } }, {})).toBe(rule.default);
    if (variable === undefined) return;
    expect(read({}, { [variable]: String(variableValue) })).toBe(variableValue);
    expect(read({}, { [variable]: variableValue })).toBe(variableValue);
    expect(read({}, { [variable]: '  ' })).toBe(rule.default);
    expect(read({ [group]: { [key]: optionValue } }, { [variable]: String(variableValue) })).toBe(
      optionValue,
    );
    // A variable that is not used is not validated either.
    expect(read({ [group]: { [key]: optionValue } }, { [variable]: 'x' })).toBe(optionValue);
  });

  it.each(cases)('$rule.option: what is out of range names its source', ({ rule, variable }) => {
    const [group, key] = rule.option.split('.') as [string, string];
    const bad = [rule.min - 1, rule.max + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null, true, {}];
    for (const value of bad) {
      expect(problemsOf({ [group]: { [key]: value } }).map(({ option }) => option)).toEqual([rule.option]);
    }
    for (const value of ['x', '10s', '1.5', '1e3', '0x10', 'NaN', String(rule.min - 1)]) {
      if (variable === undefined) continue;
      const [problem, ...others] = problemsOf({}, { [variable]: value });
      expect(problem).toMatchObject({ option: variable, value: expect.stringContaining(value) });
      expect(others).toEqual([]);
    }
  });

  it('allows 1 to 1,000 for a batch', () => {
    expect(resolve({ workerOptions: { maxBatchSize: 1_000 } }).maxBatchSize).toBe(1_000);
    expect(problemsOf({ workerOptions: { maxBatchSize: 1_001 } })[0]!.allowed).toBe(
      'a whole number, from 1 to 1000',
    );
  });
});

describe('role, locale and names', () => {
  it('follow the same precedence', () => {
    const variables = { APP_ROLE: 'WORKER', QUEUE_LOCALE: 'en', PENDING_QUEUE_NAME: 'from-env' };
    expect(resolve({}, variables)).toMatchObject({
      role: 'WORKER',
      locale: 'en',
      pendingQueueName: 'from-env',
    });
    const options = { role: 'PRODUCER', locale: 'zh', queueOptions: { pendingQueueName: 'given' } };
    expect(resolve(options, variables)).toMatchObject({
      role: 'PRODUCER',
      locale: 'zh',
      pendingQueueName: 'given',
    });
  });

  it.each(['SCHEDULER', 'WORKER', 'BOTH', 'PRODUCER'])('take the role %s', (role) => {
    expect(resolve({ role }).role).toBe(role);
    expect(resolve({}, { APP_ROLE: role }).role).toBe(role);
  });

  it.each([
    [{ role: 'both' }, {}, { option: 'role', value: '"both"', allowed: 'SCHEDULER, WORKER, BOTH, PRODUCER' }],
    [{}, { APP_ROLE: 'LEADER' }, { option: 'APP_ROLE', value: '"LEADER"' }],
    [{ locale: 'de' }, {}, { option: 'locale', value: '"de"', allowed: 'zh, en' }],
    [{}, { QUEUE_LOCALE: 'zh-CN' }, { option: 'QUEUE_LOCALE' }],
    [
      { queueOptions: { workerQueuePrefix: 'a:b' } },
      {},
      { option: 'queueOptions.workerQueuePrefix', value: '"a:b"' },
    ],
    [
      { queueOptions: { workerStatePrefix: '' } },
      {},
      { option: 'queueOptions.workerStatePrefix', value: '""' },
    ],
    [{ queueOptions: { pendingQueueName: '[ab]*' } }, {}, { option: 'queueOptions.pendingQueueName' }],
    [{ queueOptions: { pendingQueueName: 'a\n' } }, {}, { option: 'queueOptions.pendingQueueName' }],
    [{}, { WORKER_QUEUE_PREFIX: '队列' }, { option: 'WORKER_QUEUE_PREFIX', value: '"队列"' }],
  ])('refuse %p with %p', (options, variables, problem) => {
    expect(problemsOf(options, variables)).toEqual([expect.objectContaining(problem)]);
  });

  it('allow hash tags and dots in names', () => {
    expect(resolve({ queueOptions: { pendingQueueName: '{app.a}_Tasks-1' } }).pendingQueueName).toBe(
      '{app.a}_Tasks-1',
    );
  });
});

describe('a role that overrides APP_ROLE', () => {
  const warningsOf = (options: object, variables: object) =>
    resolveRootOptions(options, env({ ...variables })).warnings.map(({ message }) => message);

  it('is warned about', () => {
    const { warnings } = resolveRootOptions({ role: 'BOTH' }, env({ APP_ROLE: 'SCHEDULER' }));
    const params = { queue: 'root', role: 'BOTH', variable: 'APP_ROLE', variableValue: 'SCHEDULER' };
    expect(warnings).toEqual([{ message: 'roleOverridesVariable', params }]);
  });

  it('is not when it says the same, or there is no such variable', () => {
    expect(warningsOf({ role: 'WORKER' }, { APP_ROLE: 'WORKER' })).toEqual([]);
    expect(warningsOf({ role: 'WORKER' }, {})).toEqual([]);
    expect(warningsOf({}, { APP_ROLE: 'WORKER' })).toEqual([]);
  });
});

describe('times of the election', () => {
  const election = (electionLockTtl: number, heartbeatInterval: number, heartbeatTimeout: number) => ({
    electionOptions: { electionLockTtl, heartbeatInterval, heartbeatTimeout },
  });

  it('must outlive the heartbeat interval', () => {
    expect(problemsOf(election(1_000, 1_000, 5_000))).toEqual([
      {
        option: 'electionOptions.electionLockTtl',
        value: '1000',
        allowed: 'more than electionOptions.heartbeatInterval (1000 ms)',
      },
    ]);
    expect(problemsOf(election(2_000, 1_000, 999))).toHaveLength(1);
    expect(problemsOf(election(2_000, 1_000, 2_000))).toEqual([]);
  });

  it('are compared wherever they come from, and named so', () => {
    expect(problemsOf({}, { HEARTBEAT_INTERVAL: '30000' })).toEqual([
      {
        option: 'electionOptions.electionLockTtl',
        value: '30000',
        allowed: 'more than HEARTBEAT_INTERVAL (30000 ms)',
      },
    ]);
    expect(problemsOf({}, { HEARTBEAT_TIMEOUT: '5000' })).toMatchObject([{ option: 'HEARTBEAT_TIMEOUT' }]);
  });

  it('are warned about when one lost heartbeat ends them', () => {
    const { warnings } = resolveRootOptions(election(1_999, 1_000, 5_000), noEnv);
    const params = { option: 'electionOptions.electionLockTtl', valueMs: 1_999, heartbeatIntervalMs: 1_000 };
    expect(warnings).toEqual([{ message: 'leaseTooShort', params }]);
  });
});

describe('unknown options', () => {
  it('suggest what was meant', () => {
    const [problem] = problemsOf({ workerOptions: { maxBatchsize: 5 } });
    expect(problem).toMatchObject({ option: 'workerOptions.maxBatchsize', value: 'an unknown option' });
    expect(problem!.allowed).toMatch(/^maxBatchSize, workerCount, .*; did you mean maxBatchSize\?$/);
  });

  it('are found at every level', () => {
    const options = {
      name: 'root-has-none',
      workerOption: {},
      redisOptions: { hots: 'x' },
      queueOptions: { defaultTaskOptions: { priority: 1 } },
      electionOptions: { electionLockTTL: 5_000 },
    };
    expect(
      problemsOf(options)
        .map(({ option }) => option)
        .sort(),
    ).toEqual([
      'electionOptions.electionLockTTL',
      'name',
      'queueOptions.defaultTaskOptions.priority',
      'redisOptions.hots',
      'workerOption',
    ]);
  });

  it('do not show their values, which may be mistyped secrets', () => {
    expect(JSON.stringify(problemsOf({ redisOptions: { pasword: 'hunter2' } }))).not.toContain('hunter2');
  });

  it.each([...Object.keys(groupKeys), 'options'])('%s must be an object', (group) => {
    const options = group === 'options' ? 5 : { [group]: 'x' };
    expect(problemsOf(options)).toMatchObject([{ option: group, allowed: 'an object' }]);
  });
});

describe('identifyTagConcurrency', () => {
  const concurrency = (value: unknown) => ({ queueOptions: { identifyTagConcurrency: value } });

  it('takes a number, or numbers by tag', () => {
    expect(resolve(concurrency(3)).identifyTagConcurrency).toEqual({ default: 3, tags: {} });
    const byTag = JSON.parse('{ "default": 2, "company-1": 4, "__proto__": 5, "constructor": 6 }') as object;
    const { default: others, tags } = resolve(concurrency(byTag)).identifyTagConcurrency;
    expect(others).toBe(2);
    expect(Object.getPrototypeOf(tags)).toBeNull();
    expect(Object.entries(tags)).toEqual([
      ['company-1', 4],
      ['__proto__', 5],
      ['constructor', 6],
    ]);
    expect(tags.toString).toBeUndefined();
    expect(resolve(concurrency({ a: 2, b: undefined })).identifyTagConcurrency.default).toBe(1);
  });

  it.each([
    [0, ''],
    ['2', ''],
    [{ a: 0 }, '["a"]'],
    [{ default: 1.5 }, '.default'],
    [{ '': 2 }, '[""]'],
    [{ ['x'.repeat(513)]: 2 }, `["${'x'.repeat(513)}"]`],
  ])('refuses %p', (value, at) => {
    expect(problemsOf(concurrency(value))).toMatchObject([
      { option: `queueOptions.identifyTagConcurrency${at}` },
    ]);
  });
});

describe('defaultTaskOptions', () => {
  it('are set each for itself', () => {
    const options = { queueOptions: { defaultTaskOptions: { attempts: 1, removeOnFail: false } } };
    expect(resolve(options).defaultTaskOptions).toEqual({
      attempts: 1,
      backoff: { type: 'exponential', delay: 1_000 },
      retryOrder: 'block',
      removeOnComplete: { count: 1_000, age: 86_400 },
      removeOnFail: false,
    });
  });

  it('are validated like those of a task', () => {
    const defaultTaskOptions = { attempts: 0, backoff: { type: 'own' }, retryOrder: 'x', removeOnFail: -1 };
    const options = problemsOf({ queueOptions: { defaultTaskOptions } }).map(({ option }) => option);
    expect(options).toEqual(
      ['attempts', 'backoff', 'retryOrder', 'removeOnFail'].map(
        (key) => `queueOptions.defaultTaskOptions.${key}`,
      ),
    );
  });
});

it('collects all problems in one error', () => {
  const options = { role: 'X', workerOptions: { workerCount: 0 }, redisOptions: { port: 0 }, locale: 'fr' };
  const problems = problemsOf(options, { MAX_BATCH_SIZE: 'many', SCAN_COUNT: '0' });
  expect(problems.map(({ option }) => option).sort()).toEqual([
    'MAX_BATCH_SIZE',
    'SCAN_COUNT',
    'locale',
    'redisOptions.port',
    'role',
    'workerOptions.workerCount',
  ]);
});
