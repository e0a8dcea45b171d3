import { describe, expect, it } from '@jest/globals';
import type { MessageName } from '../../src/observability/messages/message-params.js';
import { createMessages } from '../../src/observability/messages/messages.js';
import { spokenMessages, template } from './support/catalogue.js';
import { codeOf, readMarkdown, tableUnder } from './support/markdown.js';

const zh = createMessages('zh');
const en = createMessages('en');
const names = Object.keys(zh) as MessageName[];

describe('docs/reference/log-messages.md', () => {
  const rows = tableUnder('docs/reference/log-messages.md', 'All messages')
    // The second table of that section is about the reasons.
    .filter(([name]) => names.includes(codeOf(name!) as MessageName));

  it('has every message that the sources say, with its level', () => {
    expect(Object.fromEntries(rows.map(([name, level]) => [codeOf(name!), level]))).toEqual(spokenMessages());
    expect(rows.length).toBeGreaterThan(30);
    // None that nobody says.
    expect(Object.keys(spokenMessages()).sort()).toEqual([...names].sort());
  });

  it.each(rows.map((row) => [codeOf(row[0]!) as MessageName, codeOf(row[2]!), codeOf(row[3]!)] as const))(
    'has the texts of %s',
    (name, chinese, english) => {
      expect({ chinese, english }).toEqual({ chinese: template(zh, name), english: template(en, name) });
    },
  );

  it('has the reasons of a leader that steps down', () => {
    const reasons = tableUnder('docs/reference/log-messages.md', 'All messages').filter(([name]) =>
      ['lease-lost', 'fenced', 'stalled'].includes(codeOf(name!)),
    );
    expect(reasons).toHaveLength(3);
    for (const [reason, chinese, english] of reasons.map((row) => row.map(codeOf))) {
      const params = { nodeId: 'n', reason: reason as 'fenced' };
      expect(zh.leaderSteppedDown(params)).toBe(`节点 n 不再是调度器领导者：${chinese}`);
      expect(en.leaderSteppedDown(params)).toBe(`Node n is no longer the scheduler leader: ${english}`);
    }
  });
});

describe.each(['ELECTION.md', 'RECOVERY.md'])('the log lines of %s', (file) => {
  const code = [
    ...readMarkdown(file)
      .prose.join('\n')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, text]) => text!);

  it('are messages of the catalogue', () => {
    const chinese = names.map((name) => template(zh, name));
    const lines = code.filter((text) => /\p{Script=Han}/u.test(text));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !chinese.includes(line))).toEqual([]);
  });

  it('are the same messages in both languages', () => {
    const pairs = readMarkdown(file)
      .prose.filter((line) => line.startsWith('|') && /\p{Script=Han}/u.test(line))
      .map((line) => [...line.matchAll(/`([^`]+)`/g)].slice(0, 2).map(([, text]) => text!));
    for (const [chinese, english] of pairs) {
      const name = names.find((candidate) => template(zh, candidate) === chinese);
      expect(name && template(en, name)).toBe(english);
    }
  });
});
