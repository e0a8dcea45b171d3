import type { Figures } from '../../statistics/figures.js';
import type { Chart } from '../charts/index.js';
import { profileSection } from './profile.js';
import { groupSection, guaranteesTable, machineTable } from './sections.js';
import { barsTable } from './tables.js';

/** Titles of the groups' sections; a group without one is titled by its first case. */
const titles: Readonly<Record<string, string>> = {
  wait: 'Process, a handler that waits',
  add: 'Add',
  connections: 'Connections of one instance',
  memory: 'Redis memory per pending task',
  backlog: 'Cost of a task against the backlog (10 tasks a tag)',
  tags: 'Throughput against tags',
  workers: 'Throughput against workers',
  scan: 'The search for worker queues',
  batch: 'Throughput against maxBatchSize',
  instances: 'Throughput against instances',
  fleet: 'Many workers',
};

/** The whole run, as results.md. */
export function markdownReport(figures: Figures, charts: readonly Chart[]): string {
  const groups = [...new Set(figures.results.cases.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const results = figures.group(group);
    return `## ${titles[group] ?? results[0]?.title ?? group}\n\n${groupSection(figures, results)}`;
  });
  const profiles = figures.results.cases.map(profileSection).filter((section) => section !== '');
  return `${[
    `# Benchmark, ${figures.results.form} form`,
    'Medians, with the smallest and the largest round in brackets. Only ratios within one run count.',
    machineTable(figures.results),
    '## Bars',
    barsTable(figures),
    '## Charts',
    ...charts.map(({ name }) => `![${name}](${name}.svg)`),
    '## What each peer guarantees',
    guaranteesTable(),
    ...sections,
    ...(profiles.length === 0 ? [] : ['## Where the time goes', ...profiles]),
  ].join('\n\n')}\n`;
}
