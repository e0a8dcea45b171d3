import { describe, expect, it } from '@jest/globals';
import { aResult, aRun } from '../statistics/a-run.fixture.js';
import { Figures } from '../statistics/figures.js';
import { fillPlaceholders } from './placeholders.js';

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
    expect(fill('{{chart throughput All three}}')).toBe('![All three](charts/throughput.svg)');
  });

  it.each([
    ['{{nothing}}', 'no placeholder "nothing"'],
    ['{{table latency}}', 'has not measured what {{table latency}} asks for'],
    ['{{figure process groupmq tasksPerSecond}}', 'has not measured'],
    ['{{figure process affinity speed}}', 'no metric "speed"'],
  ])('refuses %s', (template, message) => {
    expect(() => fill(template)).toThrow(message);
  });
});
