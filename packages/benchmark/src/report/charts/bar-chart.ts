import type { PeerName } from '../../peers/names.js';
import { peers } from '../../peers/names.js';
import type { Summary } from '../../statistics/statistics.js';
import { formatShort, formatTick } from '../format.js';
import { linearTicks } from './axis.js';
import { colours } from './colours.js';
import { chartWidth, legend, line, picture, rectangle, text } from './shapes.js';

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly { readonly peer: PeerName; readonly summary: Summary }[];
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly groups: readonly BarGroup[];
}

const left = 250;
const right = 120;
const top = 108;
const barHeight = 18;
const barGap = 5;
const groupGap = 20;

/** Lying bars in groups; a thin line from the smallest to the largest round. */
export function barChart({ title, subtitle, unit, groups }: BarChart): string {
  const shown = groups.filter(({ bars }) => bars.length > 0);
  const longest = Math.max(...shown.flatMap(({ bars }) => bars.map(({ summary }) => summary.max)));
  const ticks = linearTicks(longest);
  const scale = (chartWidth - left - right) / (ticks.at(-1) ?? 1);
  const parts: string[] = [];
  let y = top;
  for (const { label, bars } of shown) {
    const height = bars.length * (barHeight + barGap) - barGap;
    parts.push(text(left - 14, y + height / 2 + 5, label, { anchor: 'end' }));
    for (const { peer, summary } of bars) {
      parts.push(drawBar(y, scale, colours[peer], summary));
      y += barHeight + barGap;
    }
    y += groupGap - barGap;
  }
  const bottom = y - groupGap + 8;
  const grid = ticks.map(
    (tick) =>
      line(left + tick * scale, top - 8, left + tick * scale, bottom) +
      text(left + tick * scale, bottom + 18, formatTick(tick), { size: 12, anchor: 'middle' }),
  );
  const names = [...new Set(shown.flatMap(({ bars }) => bars.map(({ peer }) => peer)))];
  const entries = names.map((name) => ({ label: peers[name].title, colour: colours[name] }));
  const axis = text((left + chartWidth - right) / 2, bottom + 38, unit, {
    anchor: 'middle',
    fill: '#57606a',
  });
  return picture(bottom + 52, title, subtitle, [legend(82, entries), ...grid, ...parts, axis]);
}

function drawBar(y: number, scale: number, colour: string, { median, min, max }: Summary): string {
  const middle = y + barHeight / 2;
  const end = left + Math.max(median, max) * scale;
  return [
    rectangle(left, y, median * scale, barHeight, colour),
    line(left + min * scale, middle, left + max * scale, middle, { stroke: '#1f2328', width: 1.5 }),
    text(end + 8, middle + 5, formatShort(median), { weight: 'bold' }),
  ].join('');
}
