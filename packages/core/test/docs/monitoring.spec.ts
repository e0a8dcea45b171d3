import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { z } from 'zod';
import { metricDefinitions, type MetricDefinition } from '../../src/metrics/metric-definitions.js';
import { codeOf, root, tableUnder } from './support/markdown.js';

const definitions: Readonly<Record<string, MetricDefinition>> = metricDefinitions;
const read = (file: string): string => readFileSync(join(root, 'docs/monitoring', file), 'utf8');

/** What Prometheus accepts as a rule file. */
const duration = z.string().regex(/^(\d+(ms|[smhdwy]))+$/);
const alertFile = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        interval: duration.optional(),
        rules: z
          .array(
            z.strictObject({
              alert: z.string().regex(/^[A-Za-z_]\w*$/),
              expr: z.string().min(1),
              for: duration.optional(),
              labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
              annotations: z.strictObject({ summary: z.string().min(1), description: z.string().min(1) }),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

/** What Grafana needs of a dashboard and its panels. */
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const panel = z.strictObject({
  id: z.number().int().positive(),
  type: z.enum(['timeseries', 'stat']),
  title: z.string().min(1),
  description: z.string(),
  datasource,
  gridPos: z.strictObject({
    x: z.number().int().min(0).max(23),
    y: z.number().int().min(0),
    w: z.number().int().min(1).max(24),
    h: z.number().int().min(1),
  }),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }), overrides: z.array(z.unknown()) }),
  options: z.object({}),
  targets: z
    .array(
      z.strictObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource,
        expr: z.string().min(1),
        legendFormat: z.string().min(1),
      }),
    )
    .min(1),
});
const dashboard = z.object({
  title: z.string().min(1),
  uid: z.string().min(1).max(40),
  schemaVersion: z.number().int().min(36),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  templating: z.strictObject({
    list: z.array(z.object({ name: z.string(), type: z.string(), query: z.string().optional() })).min(2),
  }),
  panels: z.array(panel).min(1),
});

/** Names of metrics and of labels in a PromQL expression. @throws where it is none */
function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const promQL = expression.replaceAll('$__rate_interval', '5m').replaceAll('$queue', '.*');
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(promQL).iterate({
    enter: ({ name, from, to, type, node }) => {
      if (type.isError) throw new Error(`No PromQL at ${from}: ${promQL}`);
      const text = promQL.slice(from, to);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(text);
      if (name === 'LabelName') labels.push(text);
    },
  });
  return { metrics, labels };
}

function definitionOf(metric: string): MetricDefinition | undefined {
  const base = metric.replace(/_(bucket|count|sum)$/, '');
  const definition = definitions[metric] ?? definitions[base];
  const isSeries = base !== metric && definitions[metric] === undefined;
  return isSeries === (definition?.kind === 'histogram') ? definition : undefined;
}

const alerts = alertFile.parse(parse(read('alerts.yml')));
const grafana = dashboard.parse(JSON.parse(read('grafana-dashboard.json')));
const rules = alerts.groups.flatMap((group) => group.rules);
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...grafana.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** Labels of what an expression results in. */
function labelsOf(expression: string): string[] {
  if (expression.startsWith('absent(')) return [];
  const outermost = /\bby \(([^)]*)\)/.exec(expression)?.[1];
  if (outermost !== undefined) return outermost.split(/,\s*/).filter((label) => label !== 'le');
  return [
    'queue',
    'instance',
    ...namesIn(expression).metrics.flatMap((name) => definitionOf(name)?.labels ?? []),
  ];
}

/** Labels that a text for people names: `{{ $labels.queue }}` in an alert, `{{queue}}` in Grafana. */
function labelsNamedIn(text: string): string[] {
  return [...text.matchAll(/\{\{\s*(?:\$labels\.)?([a-z]\w*)\s*\}\}/g)].map(([, label]) => label!);
}

it('the check finds what is wrong', () => {
  expect(labelsOf('sum by (queue, le) (rate(x[5m]))')).toEqual(['queue']);
  expect(labelsNamedIn('{{ $labels.queue }} of {{type}}: {{ $value | humanize }}')).toEqual([
    'queue',
    'type',
  ]);
  expect(() => namesIn('sum by (queue (x)')).toThrow('No PromQL');
  expect(definitionOf('affinity_queue_up')).toBeDefined();
  expect(definitionOf('affinity_queue_batch_size_sum')).toBeDefined();
  for (const wrong of ['affinity_queue_batch_size', 'affinity_queue_up_count', 'nope'])
    expect(definitionOf(wrong)).toBeUndefined();
});

describe.each(expressions)('%s: %s', (_where, expression) => {
  it('is PromQL over metrics and labels that there are', () => {
    const { metrics, labels } = namesIn(expression);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((metric) => definitionOf(metric) === undefined)).toEqual([]);
    const known = new Set([
      ...metrics.flatMap((metric) => definitionOf(metric)?.labels ?? []),
      ...['queue', 'le', 'instance'],
    ]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });

  it('adds up nothing that every instance says of the whole queue', () => {
    const ofQueue = namesIn(expression).metrics.filter((metric) => definitionOf(metric)?.ofQueue);
    for (const metric of ofQueue) {
      expect(expression).toMatch(new RegExp(`max by \\([^)]*\\) \\((deriv\\()?${metric}`));
    }
  });
});

describe('docs/monitoring', () => {
  it.each([
    ...rules.map(({ alert, expr, annotations }) => [alert, expr, Object.values(annotations).join()] as const),
    ...grafana.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
    ),
  ])('%s names labels that its result has', (_where, expression, text) => {
    const known = labelsOf(expression);
    expect(labelsNamedIn(text).filter((label) => !known.includes(label))).toEqual([]);
  });

  it('offers choices that a metric has', () => {
    const queries = grafana.templating.list.filter(({ type }) => type === 'query');
    expect(queries.length).toBeGreaterThan(0);
    for (const { query } of queries) {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query ?? '') ?? [];
      expect(['queue', ...(definitionOf(metric)?.labels ?? [])]).toContain(label);
      expect(definitionOf(metric)).toBeDefined();
    }
  });

  it('has an alert of each name once', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has panels of each id once, which do not overlap', () => {
    const { panels } = grafana;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('shows every metric', () => {
    const shown = new Set(
      grafana.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr).metrics)),
    );
    const missing = Object.keys(definitions).filter(
      (name) => ![...shown].some((metric) => metric === name || metric.startsWith(`${name}_`)),
    );
    expect(missing).toEqual([]);
  });
});

describe('docs/guides/metrics.md', () => {
  it('has every metric with its type, its labels and what it is of', () => {
    const rows = tableUnder('docs/guides/metrics.md', 'All metrics').map(([metric, kind, labels, of]) => [
      codeOf(metric!),
      { kind, labels: [...(labels ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label), of },
    ]);
    const expected = Object.entries(definitions).map(([name, { kind, labels, ofQueue }]) => [
      name,
      { kind, labels, of: ofQueue ? 'queue' : 'instance' },
    ]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
  });
});
