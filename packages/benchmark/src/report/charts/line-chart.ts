import { peers, type PeerName } from '../../peers/names.js';
import { formatTick } from '../format.js';
import { linearTicks, logScale } from './axis.js';
import { colours } from './colours.js';
import { chartWidth, dot, legend, line, picture, polyline, text } from './shapes.js';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** The smallest and largest round. */
  readonly min?: number;
  readonly max?: number;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly { readonly peer: PeerName; readonly points: readonly Point[] }[];
  /** Points of a measurement have dots and their values; a distribution has neither. */
  readonly dots: boolean;
}

const left = 90;
const right = 50;
const top = 132;
const bottom = 420;

/** Lines over a logarithmic x axis; y begins at 0. */
export function lineChart({ title, subtitle, xLabel, yLabel, series, dots }: LineChart): string {
  const points = series.flatMap((one) => one.points);
  const x = logScale(
    Math.min(...points.map((point) => point.x)),
    Math.max(...points.map((point) => point.x)),
  );
  const ticks = linearTicks(Math.max(...points.map((point) => point.max ?? point.y)));
  const highest = ticks.at(-1) ?? 1;
  const atX = (value: number): number => left + x.position(value) * (chartWidth - left - right);
  const atY = (value: number): number => bottom - (value / highest) * (bottom - top);

  const rows = ticks.map(
    (tick) =>
      line(left, atY(tick), chartWidth - right, atY(tick)) +
      text(left - 10, atY(tick) + 4, formatTick(tick), { size: 12, anchor: 'end' }),
  );
  const xTicks = dots ? [...new Set(points.map((point) => point.x))] : x.ticks;
  const columns = xTicks.map(
    (tick) =>
      line(atX(tick), bottom, atX(tick), bottom + 5, { stroke: '#57606a' }) +
      text(atX(tick), bottom + 21, formatTick(tick), { size: 12, anchor: 'middle' }),
  );
  const drawn = series.map(({ peer, points: own }) =>
    [
      polyline(
        own.map((point) => [atX(point.x), atY(point.y)] as const),
        colours[peer],
      ),
      ...(dots ? own.map((point) => drawPoint(point, atX, atY, colours[peer])) : []),
    ].join(''),
  );
  const entries = series.map(({ peer }) => ({ label: peers[peer].title, colour: colours[peer] }));
  return picture(bottom + 60, title, subtitle, [
    legend(82, entries),
    ...rows,
    ...columns,
    ...drawn,
    text(left, top - 14, yLabel, { fill: '#57606a' }),
    text((left + chartWidth - right) / 2, bottom + 44, xLabel, { anchor: 'middle', fill: '#57606a' }),
  ]);
}

function drawPoint(
  { x, y, min = y, max = y }: Point,
  atX: (value: number) => number,
  atY: (value: number) => number,
  colour: string,
): string {
  return (
    line(atX(x), atY(min), atX(x), atY(max), { stroke: colour, width: 1.5 }) + dot(atX(x), atY(y), colour)
  );
}
