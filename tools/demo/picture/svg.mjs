import { chooseColours } from './colours.mjs';
import { drawPanel, panelHeight } from './panel.mjs';
import { escape, LEFT, RIGHT, text, WIDTH } from './shapes.mjs';

const TOP = 108;
const GAP = 72;
const BOTTOM = 64;

/** Both runs on one time scale, one panel below the other. */
export function toSvg({ run, control, report, controlReport, data }) {
  const { colourOf, legend } = chooseColours(data.companies);
  const lengthMs = Math.max(run.endedAtMs - run.startedAtMs, control.endedAtMs - control.startedAtMs);
  const scale = (WIDTH - LEFT - RIGHT) / (Math.ceil(lengthMs / 1_000) * 1_000);
  const panels = [
    {
      title: `nestjs-affinity-queue: ${describe(report)}, with the leader killed half-way`,
      run,
      overlaps: report.overlaps,
    },
    {
      title: `plain BullMQ, same data and workers: ${describe(controlReport)}`,
      run: control,
      overlaps: controlReport.overlaps,
    },
  ];

  const parts = [];
  let y = TOP;
  for (const panel of panels) {
    parts.push(drawPanel(panel, { y, scale, colourOf }));
    y += panelHeight(panel.run) + GAP;
  }
  const height = y - GAP + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="DejaVu Sans, sans-serif" font-size="12" fill="#24292f">`,
    `<title>${escape('Workers over time, coloured by tag')}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 26, 'Each row is a worker, each colour a tag', { size: 17, weight: 'bold' }),
    text(
      LEFT,
      46,
      `${count(data.tasks.length)} tasks of ${data.companies.size} companies; the ten busiest have colours of their own`,
      { fill: '#57606a' },
    ),
    drawLegend(legend, height - 26),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function describe({ overlaps, disorder, wrongLedgers, ledgers, tasksPerSecond }) {
  return [
    `${count(overlaps.length)} overlaps`,
    `${count(disorder.length)} out of order`,
    `${wrongLedgers.length} of ${ledgers} ledgers corrupted`,
    `${count(Math.round(tasksPerSecond))} tasks/s`,
  ].join(', ');
}

function count(number) {
  return number.toLocaleString('en-US');
}

function drawLegend(legend, y) {
  const step = (WIDTH - LEFT - RIGHT) / legend.length;
  return legend
    .map(({ tag, colour, tasks }, index) => {
      const x = LEFT + index * step;
      return `<rect x="${x}" y="${y - 11}" width="13" height="13" rx="2" fill="${colour}"/>${text(x + 18, y, `${tag} (${tasks})`, { size: 11 })}`;
    })
    .join('\n');
}
