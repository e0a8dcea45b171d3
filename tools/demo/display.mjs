import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';

const { Format, Presets } = cliProgress;
const BAR_WIDTH = 40;
const BAR = {
  barsize: BAR_WIDTH,
  barGlue: '',
  barCompleteString: Presets.shades_classic.barCompleteChar.repeat(BAR_WIDTH),
  barIncompleteString: Presets.shades_classic.barIncompleteChar.repeat(BAR_WIDTH),
};
const PLAIN_INTERVAL_MS = 1_000;

/**
 * Shows a run: on a terminal a progress bar and a table that are redrawn, elsewhere one plain line a second.
 *
 * @typedef {object} Frame
 * @property {import('./progress.mjs').Progress} progress
 * @property {string} [leader]
 * @property {(string | number)[][]} [rows] worker, tag, batch, tasks
 *
 * @returns {{ show: (frame: Frame) => void, note: (line: string) => void, close: (frame: Frame) => void }}
 */
export function openDisplay(stream = process.stdout) {
  return stream.isTTY ? openLiveDisplay(stream) : openPlainDisplay(stream);
}

function openLiveDisplay(stream) {
  const update = createLogUpdate(stream);
  const draw = ({ progress, leader, rows }) => {
    const parts = [
      progressBar(progress),
      ...(leader ? [`leader: ${leader}`] : []),
      ...(rows ? [tableOf(rows)] : []),
    ];
    update(parts.join('\n'));
  };
  return {
    show: draw,
    note: (line) => update.persist(line),
    close: (frame) => {
      draw(frame);
      update.done();
    },
  };
}

function openPlainDisplay(stream) {
  let nextMs = 0;
  const print = (frame) => stream.write(`${plainLine(frame)}\n`);
  return {
    show: (frame) => {
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + PLAIN_INTERVAL_MS;
      print(frame);
    },
    note: (line) => stream.write(`${line}\n`),
    close: print,
  };
}

function progressBar({ completed, total, elapsedS, tasksPerSecond }) {
  const done = completed / total;
  return [
    Format.BarFormat(Math.min(1, done), BAR),
    `${Math.floor(done * 100)} %`,
    `${completed}/${total} tasks`,
    `${elapsedS.toFixed(0)} s`,
    `${tasksPerSecond.toFixed(0)} tasks/s`,
  ].join('  ');
}

function tableOf(rows) {
  const table = new Table({
    head: ['worker', 'tag', 'batch', 'tasks'],
    style: { head: ['cyan'], compact: true },
    colWidths: [26, 18, 10, 8],
  });
  table.push(...rows);
  return table.toString();
}

function plainLine({ progress, leader, rows = [] }) {
  const { completed, total, elapsedS, tasksPerSecond } = progress;
  const working = rows.filter(([, tag]) => tag !== '').length;
  return [
    `${elapsedS.toFixed(1).padStart(5)} s`,
    `${completed}/${total} tasks (${Math.floor((completed / total) * 100)} %)`,
    `${tasksPerSecond.toFixed(0)} tasks/s`,
    ...(rows.length > 0 ? [`${working} of ${rows.length} workers busy`] : []),
    ...(leader ? [`leader: ${leader}`] : []),
  ].join(' | ');
}
