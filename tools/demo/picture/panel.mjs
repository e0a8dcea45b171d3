import { groupBy, toBatches } from '../../scenarios/support/attempts.mjs';
import { LEFT, line, RIGHT, round, text, WIDTH } from './shapes.mjs';

const ROW = 20;
const BAR = 15;
const BAND = 20;
const INSTANCE_GAP = 8;
const THINNEST = 0.6;

/** Rows are workers; one that came back in a restarted process goes on in its row. */
function rowsOf(attempts) {
  const keys = new Set(attempts.map(rowKey));
  return [...keys].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

function rowKey({ instance, worker }) {
  return `instance ${instance} · worker ${worker.split('-').at(-1)}`;
}

function instancesOf(rows) {
  return new Set(rows.map((row) => row.split(' · ')[0]));
}

export function panelHeight({ attempts }) {
  const rows = rowsOf(attempts);
  return BAND + rows.length * ROW + instancesOf(rows).size * INSTANCE_GAP + 20;
}

/** One run: band (leader or overlaps), rows of workers, time axis, marks. */
export function drawPanel({ title, run, overlaps }, { y, scale, colourOf }) {
  const x = (atMs) => LEFT + (atMs - run.startedAtMs) * scale;
  const rows = placeRows(rowsOf(run.attempts), y + BAND);
  const bottom = y + panelHeight(run) - 20;
  return [
    text(LEFT, y - 26, title, { size: 13, weight: 'bold' }),
    drawAxis({ y, bottom, scale }),
    ...[...rows].map(([name, top]) =>
      text(LEFT - 10, top + 12, name, { size: 11, anchor: 'end', fill: '#57606a' }),
    ),
    drawBars(run.attempts, { x, rows, colourOf }),
    run.reigns ? drawReigns(run, { x, y }) : drawOverlaps(overlaps, { x, y }),
    run.failover ? drawFailover(run, { x, y, bottom, rows }) : '',
    drawEnd(x(run.endedAtMs), { y, bottom }),
  ].join('\n');
}

function drawEnd(at, { y, bottom }) {
  const anchor = at > WIDTH - RIGHT - 60 ? 'end' : 'start';
  return [
    line(at, y - 4, at, bottom, { stroke: '#57606a', dash: '2 3' }),
    text(anchor === 'end' ? at : at + 6, y - 8, 'all done', { size: 11, anchor, fill: '#57606a' }),
  ].join('\n');
}

function placeRows(names, top) {
  const places = new Map();
  let instance;
  let y = top;
  for (const name of names) {
    const [next] = name.split(' · ');
    if (next !== instance) y += INSTANCE_GAP;
    instance = next;
    places.set(name, y);
    y += ROW;
  }
  return places;
}

/** One path per tag keeps the file small. */
function drawBars(attempts, { x, rows, colourOf }) {
  const batches = toBatches(attempts).map((batch) => ({
    tag: batch[0].tag,
    left: x(batch[0].startMs),
    right: x(batch.at(-1).endMs),
    top: rows.get(rowKey(batch[0])),
  }));
  return [...groupBy(batches, ({ tag }) => tag)]
    .map(([tag, list]) => {
      const path = list.map(({ left, right, top }) => {
        const width = round(Math.max(THINNEST, right - left - 0.3));
        return `M${round(left)} ${top}h${width}v${BAR}h${-width}z`;
      });
      return `<path fill="${colourOf(tag)}" d="${path.join('')}"><title>${tag}</title></path>`;
    })
    .join('\n');
}

function drawAxis({ y, bottom, scale }) {
  const seconds = Math.round((WIDTH - LEFT - RIGHT) / scale / 1_000);
  const step = seconds > 40 ? 5 : seconds > 15 ? 2 : 1;
  const parts = [];
  for (let second = 0; second <= seconds; second += step) {
    const at = LEFT + second * 1_000 * scale;
    parts.push(line(at, y, at, bottom, { stroke: '#eaeef2' }));
    parts.push(text(at, bottom + 15, `${second} s`, { size: 11, anchor: 'middle', fill: '#57606a' }));
  }
  return parts.join('\n');
}

function drawReigns({ reigns, endedAtMs }, { x, y }) {
  const label = text(LEFT - 10, y + 15, 'leader', { size: 11, anchor: 'end', weight: 'bold' });
  const bars = reigns.map(({ instance, fromMs, untilMs }) => {
    const left = Math.max(LEFT, x(fromMs));
    const width = x(Math.min(untilMs ?? endedAtMs, endedAtMs)) - left;
    return `<rect x="${round(left)}" y="${y + 4}" width="${round(width)}" height="14" rx="3" fill="#fff3c4" stroke="#d4a72c"/>${text(left + 8, y + 15, `instance ${instance} leads`, { size: 11 })}`;
  });
  return [label, ...bars].join('\n');
}

function drawOverlaps(overlaps, { x, y }) {
  const label = text(LEFT - 10, y + 15, 'overlaps', {
    size: 11,
    anchor: 'end',
    weight: 'bold',
    fill: '#cf222e',
  });
  const marks = overlaps.map(([, attempt]) => `M${round(x(attempt.startMs))} ${y + 4}v14`);
  return `${label}\n<path d="${marks.join('')}" stroke="#cf222e" stroke-width="0.7" fill="none"/>`;
}

function drawFailover({ failover, attempts }, { x, y, bottom, rows }) {
  const killed = x(failover.killedAtMs);
  const taken = x(failover.takenOverAtMs);
  const seconds = ((failover.takenOverAtMs - failover.killedAtMs) / 1_000).toFixed(2);
  const victims = attempts.filter(({ outcome }) => outcome === 'died');
  return [
    line(killed, y, killed, bottom, { stroke: '#cf222e', width: 2 }),
    line(taken, y, taken, bottom, { stroke: '#1a7f37', width: 2, dash: '6 3' }),
    text(killed, y - 8, `killed, no leader for ${seconds} s`, {
      size: 11,
      anchor: 'middle',
      fill: '#cf222e',
    }),
    ...victims.map((victim) =>
      text(killed, rows.get(rowKey(victim)) + 12, '✗', { anchor: 'middle', fill: '#cf222e', weight: 'bold' }),
    ),
  ].join('\n');
}
