import { byId, element } from './dom.js';
import { formatDuration, formatRate, formatScale, formatTime } from './format.js';
import { context } from './page-context.js';
import { Plot, plotFont, timeStep } from './plot.js';

const height = 168;
const axisHeight = 22;
const top = 8;
const left = 52;

const plots = {};

function legend(id, entries) {
  byId(id).replaceChildren(
    ...entries.map(([kind, label]) => element('span', { class: kind }, element('i'), label)),
  );
}

export function startCharts() {
  plots.throughput = new Plot(byId('throughput'));
  plots.latency = new Plot(byId('latency'));
  legend('throughput-legend', [
    ['completed', 'completed'],
    ['failed', 'failed'],
  ]);
  legend('latency-legend', [
    ['waited', 'waited'],
    ['ran', 'ran (bold: median, thin: 95 %)'],
  ]);
}

export function showCharts(state) {
  const frame = new Frame(state);
  const perSecond = (count) => count / (frame.spanMs / 1_000);
  const peak = Math.max(0, ...frame.rates.map(({ completed, failed }) => perSecond(completed + failed)));
  showThroughput(frame, peak, perSecond, state.latest.estimated);
  showLatency(frame);
}

/** The time that both charts show. */
class Frame {
  constructor({ latest: { now, rateSpanMs }, rates }) {
    this.spanMs = rateSpanMs;
    // Without the span that has just begun: it looks like a collapse.
    this.to = now - (now % rateSpanMs);
    this.from = this.to - context.shownMs;
    this.rates = [...rates.values()]
      .filter(({ at }) => at >= this.from && at < this.to)
      .sort((a, b) => a.at - b.at);
  }

  xOf(at, width) {
    return left + ((at - this.from) / (this.to - this.from)) * (width - left);
  }

  /** The span under the pointer. */
  rateAt(x, width) {
    const at = this.from + ((x - left) / (width - left)) * (this.to - this.from);
    return x < left ? undefined : this.rates.find((rate) => at >= rate.at && at < rate.at + this.spanMs);
  }
}

function showThroughput(frame, peak, perSecond, estimated) {
  const scale = niceScale(peak, [1, 2, 5, 10]);
  let width = 0;
  const draw = (brush, size, colors) => {
    width = size.width;
    drawGrid(brush, frame, width, colors, scale, (value) => formatRate(value));
    const room = Math.max(1, frame.xOf(frame.from + frame.spanMs, width) - left - 1);
    for (const { at, completed, failed } of frame.rates) {
      const x = frame.xOf(at, width);
      const [good, bad] = [completed, failed].map((count) => (perSecond(count) / scale.max) * plotHeight);
      brush.fillStyle = colors['good-fill'];
      brush.fillRect(x, top + plotHeight - good, room, good);
      brush.fillStyle = colors['bad-fill'];
      brush.fillRect(x, top + plotHeight - good - bad, room, bad);
    }
  };
  const label = `Tasks per second in the last ${context.shownMs / 60_000} min, at most ${formatRate(peak)}`;
  plots.throughput.show(height, label, draw, (x) => {
    const rate = frame.rateAt(x, width);
    if (rate === undefined) return undefined;
    const lines = [
      `${formatTime(rate.at)}: ${formatRate(perSecond(rate.completed + rate.failed))} per second`,
      `${rate.completed} completed, ${rate.failed} failed, ${rate.retried} retried, ${rate.added} added`,
    ];
    return estimated ? [...lines, 'estimated: faster than it is read'] : lines;
  });
}

const plotHeight = height - axisHeight - top;

function showLatency(frame) {
  const lines = [
    { of: 'waited', color: 'wait', what: 'p95', thin: true },
    { of: 'ran', color: 'run', what: 'p95', thin: true },
    { of: 'waited', color: 'wait', what: 'median' },
    { of: 'ran', color: 'run', what: 'median' },
  ];
  const values = frame.rates.flatMap((rate) => lines.flatMap(({ of, what }) => rate[of]?.[what] ?? []));
  const peak = Math.max(0, ...values);
  const scale = niceScale(
    peak,
    peak >= 60_000 ? [6, 12, 30, 60] : [1, 2, 5, 10],
    peak >= 60_000 ? 10_000 : undefined,
  );
  let width = 0;
  const draw = (brush, size, colors) => {
    width = size.width;
    drawGrid(brush, frame, width, colors, scale, formatScale);
    for (const { of, color, what, thin } of lines) {
      brush.strokeStyle = brush.fillStyle = colors[color];
      brush.lineWidth = thin ? 1 : 2;
      brush.globalAlpha = thin ? 0.75 : 1;
      drawLine(brush, frame, width, (rate) => rate[of]?.[what], scale);
    }
    brush.globalAlpha = 1;
  };
  const label = `How long tasks waited and ran in the last ${context.shownMs / 60_000} min, at most ${formatDuration(peak)}`;
  plots.latency.show(height, label, draw, (x) => {
    const rate = frame.rateAt(x, width);
    if (rate === undefined) return undefined;
    const say = (name, one) =>
      one ? `${name} ${formatDuration(one.median)} (95 %: ${formatDuration(one.p95)})` : `${name}: no task`;
    return [formatTime(rate.at), say('waited', rate.waited), say('ran', rate.ran)];
  });
}

/** A span without tasks interrupts the line. */
function drawLine(brush, frame, width, valueOf, scale) {
  let last;
  for (const rate of frame.rates) {
    const value = valueOf(rate);
    if (value === undefined) continue;
    const x = frame.xOf(rate.at + frame.spanMs / 2, width);
    const y = top + plotHeight * (1 - value / scale.max);
    if (last !== undefined && rate.at - last.at <= frame.spanMs * 2) {
      brush.beginPath();
      brush.moveTo(last.x, last.y);
      brush.lineTo(x, y);
      brush.stroke();
    } else {
      brush.fillRect(x - 1, y - 1, 2, 2);
    }
    last = { at: rate.at, x, y };
  }
}

function drawGrid(brush, frame, width, colors, scale, format) {
  brush.font = plotFont;
  brush.textBaseline = 'middle';
  brush.textAlign = 'end';
  for (let value = 0; value <= scale.max * 1.001; value += scale.step) {
    const y = Math.round(top + plotHeight * (1 - value / scale.max));
    brush.fillStyle = colors.line;
    brush.fillRect(left, y, width - left, 1);
    brush.fillStyle = colors.muted;
    brush.fillText(format(value), left - 8, y);
  }
  brush.textAlign = 'center';
  const step = timeStep(frame.to - frame.from, width - left);
  for (let at = Math.ceil(frame.from / step) * step; at <= frame.to; at += step) {
    const x = frame.xOf(at, width);
    if (x > left + 24 && x < width - 24)
      brush.fillText(
        step % 60_000 === 0 ? formatTime(at).slice(0, 5) : formatTime(at),
        x,
        height - axisHeight / 2 + 4,
      );
  }
}

/** A round maximum above the peak, and a distance between lines that people can read. */
function niceScale(peak, roundSteps, unit) {
  if (peak <= 0) return { max: 1, step: 0.5 };
  const wanted = peak / 3;
  const base = unit ?? 10 ** Math.floor(Math.log10(wanted));
  let factor = 1;
  for (;;) {
    const round = roundSteps.find((one) => one * base * factor >= wanted);
    if (round !== undefined) {
      const step = round * base * factor;
      return { step, max: Math.ceil(peak / step) * step };
    }
    factor *= roundSteps.at(-1);
  }
}
