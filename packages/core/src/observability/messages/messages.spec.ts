import { describe, expect, it } from '@jest/globals';
import type { MessageName, Messages } from './message-params.js';
import { createMessages, warningMessage } from './messages.js';

const zh = createMessages('zh');
const en = createMessages('en');
const names = Object.keys(zh) as MessageName[];

/** Parameters that answer any question, and remember which were asked. */
function probe(asked: Set<string>): never {
  const values: Record<string, unknown> = { registeredTypes: ['a'], reason: 'fenced' };
  return new Proxy(values, {
    get(target, key) {
      asked.add(String(key));
      return key in target ? target[String(key)] : `<${String(key)}>`;
    },
  }) as never;
}

function render(messages: Messages, name: MessageName) {
  const asked = new Set<string>();
  const text = (messages[name] as (params: unknown) => string)(probe(asked));
  return { text, asked: [...asked].sort() };
}

describe('the documented lines', () => {
  const nodeId = 'host-42-a1b2';

  it('are exactly these in Chinese', () => {
    expect(zh.becameLeader({ nodeId })).toBe('节点 host-42-a1b2 成为调度器领导者');
    expect(zh.becameFollower()).toBe('当前节点不是调度器领导者，仅作为 Worker 运行');
    expect(zh.leaderTimedOut({ nodeId })).toBe('领导者 host-42-a1b2 心跳超时，尝试接管');
    expect(zh.workerRegistered({ workerId: `${nodeId}-1` })).toBe('Worker host-42-a1b2-1 已注册');
  });

  it('are not taken by a scheduler on standby', () => {
    expect(zh.schedulerOnStandby({ nodeId })).not.toContain('仅作为 Worker 运行');
  });
});

describe('both languages', () => {
  it('have the same messages', () => {
    expect(Object.keys(en).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s says the same facts in each', (name) => {
    const chinese = render(zh, name);
    const english = render(en, name);
    expect(english.asked).toEqual(chinese.asked);
    expect(chinese.text).toMatch(/\p{Script=Han}/u);
    expect(english.text).not.toMatch(/\p{Script=Han}/u);
    for (const { text } of [chinese, english]) expect(text).not.toMatch(/undefined|\[object|null/);
  });

  it.each(['lease-lost', 'fenced', 'stalled'] as const)('have words for stepping down: %s', (reason) => {
    const texts = [zh, en].map((messages) => messages.leaderSteppedDown({ nodeId: 'n', reason }));
    for (const text of texts) expect(text).not.toContain('undefined');
  });
});

describe('text of the application', () => {
  const hostile = 'a"\n[Nest] ERROR forged\u2028\u009b31m';
  const lineBreaks = /[\n\r\u2028\u2029\u0080-\u009f]/;

  it.each([
    ['identifyTag', 'tagPaused', { identifyTag: hostile }],
    ['type', 'handlerRegistered', { type: hostile }],
    ['jobId', 'taskStarted', { jobId: hostile, type: 't', workerId: 'w', attempt: 1 }],
  ] as [string, MessageName, never][])('%s cannot forge a line', (_, name, params) => {
    for (const messages of [zh, en]) {
      const text = (messages[name] as (params: never) => string)(params);
      expect(text).not.toMatch(lineBreaks);
      expect(text).toContain('forged');
    }
  });

  it('is cut when it is long', () => {
    expect(en.tagPaused({ identifyTag: 'x'.repeat(500) }).length).toBeLessThan(200);
  });
});

it('warningMessage renders a warning about options', () => {
  const params = { queue: 'root', role: 'BOTH', variable: 'APP_ROLE', variableValue: 'WORKER' } as const;
  const warning = { message: 'roleOverridesVariable', params } as const;
  expect(warningMessage(en, warning)).toBe(en.roleOverridesVariable(params));
  expect(warningMessage(zh, warning)).toContain('APP_ROLE=WORKER');
});
