import { metrics, type MetricName } from '../cases/metrics.js';
import { peers, type PeerName } from '../peers/names.js';
import { formatNumber } from '../report/format.js';
import { phaseTable, type PhasePart } from '../report/markdown/profile.js';
import { failuresList, guaranteesTable, machineTable } from '../report/markdown/sections.js';
import { barsTable, caseTable, groupTable, seriesTable } from '../report/markdown/tables.js';
import type { Figures } from '../statistics/figures.js';
import { peersAheadTable } from './peers-ahead.js';

/** In place of what failed in every round: the rest of a long run is not lost for it. */
export const notMeasured = '_(not measured)_';

type Resolve = (figures: Figures, words: readonly string[]) => string | undefined;

/** What stands in the template between double braces: a name, and words that say of what. */
const placeholders: Readonly<Record<string, Resolve>> = {
  machine: (figures) => machineTable(figures.results),
  failures: (figures) => failuresList(figures.results),
  guarantees: () => guaranteesTable(),
  bars: (figures) => barsTable(figures),
  'peers-ahead': (figures) => peersAheadTable(figures),
  /** table <case> */
  table: (figures, [name = '']) => {
    const result = figures.case(name);
    return result && caseTable(figures, result);
  },
  /** series <group> <metric> */
  series: (figures, [group = '', metric = '']) => {
    const results = figures.group(group);
    return results.length === 0 ? undefined : seriesTable(figures, results, metricOf(metric));
  },
  /** group <group> <metric> */
  group: (figures, [group = '', metric = '']) => {
    const results = figures.group(group);
    return results.length === 0 ? undefined : groupTable(figures, results, metricOf(metric));
  },
  /** figure <case> <peer> <metric> */
  figure: (figures, [name = '', peer = '', metric = '']) => {
    const value = figures.median(name, peerOf(peer), metricOf(metric));
    return value === undefined ? undefined : formatNumber(value, metrics[metricOf(metric)].digits);
  },
  /** ratio <case> <metric> <peer> <other> */
  ratio: (figures, [name = '', metric = '', peer = '', other = '']) => {
    const value = figures.ratio(name, metricOf(metric), peerOf(peer), peerOf(other));
    return value === undefined ? undefined : formatNumber(value, 2);
  },
  /** profile <case> <peer> <phase> packages | functions | scripts | commands */
  profile: (figures, [name = '', peer = '', phase = '', part = '']) => {
    const profile = figures.case(name)?.profiles.find((one) => one.peer === peerOf(peer));
    const found = profile?.phases.find((one) => one.phase === phase);
    return found && phaseTable(found, part as PhasePart);
  },
};

/** @throws for a placeholder, metric or peer that does not exist */
export function fillPlaceholders(template: string, figures: Figures, chartFolder: string): string {
  return template.replaceAll(/\{\{([^{}]+)\}\}/g, (_, content: string) => {
    const [name = '', ...words] = content.trim().split(/\s+/);
    if (name === 'chart') return `![${words.slice(1).join(' ')}](${chartFolder}/${words[0] ?? ''}.svg)`;
    const resolve = placeholders[name];
    if (resolve === undefined) throw new Error(`There is no placeholder "${name}"`);
    return resolve(figures, words) ?? notMeasured;
  });
}

function metricOf(name: string): MetricName {
  if (Object.hasOwn(metrics, name)) return name as MetricName;
  throw new Error(`There is no metric "${name}"`);
}

function peerOf(name: string): PeerName {
  if (Object.hasOwn(peers, name)) return name as PeerName;
  throw new Error(`There is no peer "${name}"`);
}
