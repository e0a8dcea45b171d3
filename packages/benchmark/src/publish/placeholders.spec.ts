import { describe, expect, it } from '@jest/globals';
import { aResult, aRun } from '../statistics/a-run.fixture.js';
import { Figures } from '../statistics/figures.js';
import { fillPlaceholders, notMeasured } from './placeholders.js';

const figures = new Figures(
  aRun([aResult('process', 'tasksPerSecond', { affinity: [9_000, 12_000, 15_000], bullmq: [6_000] })]),
);
const fill = (template: string): string => fillPlaceholders(template, figures, 'charts');

describe('fillPlaceholders', () => {
  it('puts figures of the run into the text', () => {
    expect(
      fill(
        '{{figure process affinity tasksPerSecond}}/s, {{ ratio process tasksPerSecond affinity bullmq }} ×',
      ),
    ).toBe('12,000/s, 2.00 ×');
  });

  it('puts tables and charts in', () => {
    expect(fill('{{table process}}')).toContain('| nestjs-affinity-queue | 12,000 (9,000 – 15,000) |');
    expect(fill('{{group process tasksPerSecond}}')).toMatch(
      /\| title of process +\| 12,000 \(9,000 – 15,000\) +\| 6,000 +\|/,
    );
    expect(fill('{{chart throughput All three}}')).toBe('![All three](charts/throughput.svg)');
  });

  it.each([
    '{{table latency}}',
    '{{series wait tasksPerSecond}}',
    '{{figure process groupmq tasksPerSecond}}',
    '{{ratio process tasksPerSecond affinity groupmq}}',
    '{{profile process affinity process scripts}}',
  ])('shows that %s was not measured', (template) => {
    expect(fill(`before ${template} after`)).toBe(`before ${notMeasured} after`);
  });

  it('lists what failed', () => {
    const failed = aResult('process', 'tasksPerSecond', { affinity: [1], groupmq: [1] });
    const failures = [{ round: 2, peer: 'groupmq' as const, reason: 'Error: no' }];
    const run = new Figures(aRun([{ ...failed, failures }]));
    expect(fillPlaceholders('{{failures}}', run, 'charts')).toContain(
      '- process, GroupMQ, round 2 failed: Error: no',
    );
    expect(fill('{{failures}}')).toBe('No measurement failed.');
  });

  it.each([
    ['{{nothing}}', 'no placeholder "nothing"'],
    ['{{figure process affinity speed}}', 'no metric "speed"'],
    ['{{figure process nobody tasksPerSecond}}', 'no peer "nobody"'],
  ])('refuses %s', (template, message) => {
    expect(() => fill(template)).toThrow(message);
  });
});
