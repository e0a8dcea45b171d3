import { byId, segmented } from './dom.js';
import { formatDuration, formatTime, plural, shortWorker, tagName } from './format.js';
import { context } from './page-context.js';
import { Plot, plotFont, timeStep } from './plot.js';
import { colorOf } from './tag-color.js';

const rowHeight = 26;
const axisHeight = 22;
const maxRows = 40;
const reasons = {
  empty: 'the tag had no more',
  limit: 'the batch was full',
  retry: 'a task is to be tried again',
  paused: 'the tag was paused',
  shutdown: 'the worker stopped',
  lost: 'the worker was declared dead',
};

let plot;

/** @param {() => void} onChange when another span of time is chosen */
export function startTimeline(onChange) {
  plot = new Plot(byId('timeline'));
  const choices = [60_000, 300_000, 600_000].map((value) => ({ value, label: `${value / 60_000} min` }));
  segmented(byId('timeline-window'), choices, context.shownMs, (value) => {
    context.shownMs = value;
    onChange();
  });
}

/** Which worker had which tag, and when. */
export function showTimeline(state) {
  const { shownMs } = context;
  const { now, workers, knownSince } = state.latest;
  const from = now - shownMs;
  const batches = [...state.batches.values()].filter(({ to }) => to === null || to > from);
  const alive = workers.map(({ workerId }) => workerId);
  const gone = [...new Set(batches.map(({ workerId }) => workerId))]
    .filter((id) => !alive.includes(id))
    .sort();
  const all = [...alive, ...gone];
  const rows = all.slice(0, maxRows);
  const rowOf = new Map(rows.map((workerId, index) => [workerId, index]));
  const visible = batches.filter(({ workerId }) => rowOf.has(workerId));
  const height = Math.max(1, rows.length) * rowHeight + axisHeight;
  const label = `${plural(visible.length, 'batch', 'batches')} of ${plural(new Set(visible.map(({ tag }) => tag)).size, 'tag')} on ${plural(all.length, 'worker')} in the last ${shownMs / 60_000} min`;
  let place;

  const draw = (brush, { width }, colors) => {
    place = placeOf(width, from, shownMs);
    brush.font = plotFont;
    brush.textBaseline = 'middle';
    drawAxis(brush, place, { now, height, colors, from });
    if (knownSince > from) drawUnknown(brush, place, knownSince, rows.length * rowHeight, colors);
    rows.forEach((workerId, index) => {
      brush.fillStyle = index < alive.length ? colors.text : colors.muted;
      const name = shortWorker(workerId) + (index < alive.length ? '' : ' †');
      brush.fillText(fitted(brush, name, place.left - 10), 0, index * rowHeight + rowHeight / 2);
      brush.fillStyle = colors.chip;
      brush.fillRect(place.left, index * rowHeight + rowHeight - 1, place.width, 1);
    });
    for (const batch of visible) drawBatch(brush, place, batch, rowOf.get(batch.workerId), now, colors);
    if (rows.length === 0) {
      brush.fillStyle = colors.muted;
      brush.fillText('No worker has had a batch', place.left + 12, rowHeight / 2);
    }
  };

  plot.show(height, label, draw, (x, y) => {
    const row = rows[Math.floor(y / rowHeight)];
    const at = place && x >= place.left ? place.timeAt(x) : undefined;
    if (row === undefined || at === undefined) return undefined;
    const slack = (shownMs / place.width) * 2;
    const found = visible.findLast(
      (batch) => batch.workerId === row && at >= batch.from - slack && at <= (batch.to ?? now) + slack,
    );
    return found && describe(found, now);
  });
}

function describe({ tag, workerId, from, to, size, reason }, now) {
  const lines = [
    tagName(tag),
    `on ${workerId}`,
    `${formatTime(from)} – ${to === null ? 'now' : formatTime(to)}, ${formatDuration((to ?? now) - from)}`,
  ];
  if (size > 0) lines.push(plural(size, 'task'));
  if (reasons[reason]) lines.push(`Ended: ${reasons[reason]}`);
  return lines;
}

function placeOf(width, from, shownMs) {
  const left = width < 560 ? 74 : 112;
  const span = width - left;
  return {
    left,
    width: span,
    xOf: (at) => left + Math.max(0, Math.min(1, (at - from) / shownMs)) * span,
    timeAt: (x) => from + ((x - left) / span) * shownMs,
  };
}

function drawAxis(brush, place, { now, height, colors, from }) {
  const step = timeStep(now - from, place.width);
  brush.textAlign = 'center';
  for (let at = Math.ceil(from / step) * step; at <= now; at += step) {
    const x = Math.round(place.xOf(at)) + 0.5;
    brush.fillStyle = colors.line;
    brush.fillRect(x, 0, 1, height - axisHeight);
    brush.fillStyle = colors.muted;
    if (x > place.left + 24 && x < place.left + place.width - 24)
      brush.fillText(formatTime(at), x, height - axisHeight / 2 + 3);
  }
  brush.textAlign = 'start';
}

/** What was before the oldest event that Redis still has. */
function drawUnknown(brush, place, knownSince, height, colors) {
  brush.fillStyle = colors.chip;
  brush.globalAlpha = 0.6;
  brush.fillRect(place.left, 0, place.xOf(knownSince) - place.left, height);
  brush.globalAlpha = 1;
}

function drawBatch(brush, place, { tag, from, to }, row, now, colors) {
  const x = place.xOf(from);
  const width = Math.max(1.5, place.xOf(to ?? now) - x - 1);
  const { hue, shade } = colorOf(tag);
  const lightness = Number(colors['tag-lightness']) + shade;
  brush.fillStyle = `oklch(${lightness} ${colors['tag-chroma']} ${hue})`;
  brush.beginPath();
  brush.roundRect(x, row * rowHeight + 3, width, rowHeight - 7, Math.min(4, width / 2));
  brush.fill();
  if (width < 34) return;
  brush.fillStyle = lightness > 0.61 ? '#11131a' : '#ffffff';
  brush.fillText(fitted(brush, tagName(tag), width - 12), x + 6, row * rowHeight + rowHeight / 2);
}

const widths = new Map();

/** A text that fits, shortened at its end. */
function fitted(brush, text, width) {
  const key = `${Math.floor(width / 4)} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  let cut = text;
  while (cut.length > 1 && brush.measureText(cut).width > width)
    cut = `${cut.slice(0, Math.max(1, Math.floor(cut.length * 0.85) - 1))}…`.replace('……', '…');
  // A letter or two say nothing.
  if (cut !== text && (cut.length < 4 || brush.measureText(cut).width > width)) cut = '';
  if (widths.size > 5_000) widths.clear();
  widths.set(key, cut);
  return cut;
}
