import { byId, element, setAttribute, setText } from './dom.js';
import { formatAge, formatDuration, plural, shortWorker } from './format.js';
import { context } from './page-context.js';
import { makeRow, makeTable, showRows } from './table.js';
import { showTag } from './tag-color.js';

const columns = [
  { label: 'Worker', width: '12%', class: 'at-1' },
  { label: 'Tag', width: '18%', class: 'at-3' },
  { label: 'Batch', width: '19%', class: 'at-4 side' },
  { label: 'Runs', width: '26%', class: 'at-5 whole' },
  { label: 'Next tag', width: '14%', class: 'narrow-hidden' },
  { label: 'Heartbeat', width: '11%', class: 'at-2 side' },
];

let table;

/** Every instance and its workers. */
export function showWorkers(state) {
  table ??= makeTable('Workers by instance', columns);
  const { workers, now } = state.latest;
  const nodes = [...new Set(workers.map(({ nodeId }) => nodeId))].sort();
  const rows = nodes.flatMap((nodeId) => {
    const own = workers.filter((worker) => worker.nodeId === nodeId);
    return [
      { instance: nodeId, first: own[0], count: own.length },
      ...own.map((worker) => ({ worker, now })),
    ];
  });
  const listed = `${plural(workers.length, 'worker')} in ${plural(nodes.length, 'instance')}`;
  const { workersIdle, workersRunning } = state.latest.stats;
  const hidden = workersIdle + workersRunning - workers.length;
  setText(byId('workers-hint'), hidden > 0 ? `The first ${listed}; ${hidden} more` : listed);
  const keyOf = ({ instance, worker }) => (worker ? worker.workerId : `instance ${instance}`);
  const empty = 'No worker is registered: start an instance in role WORKER or BOTH';
  showRows(byId('workers'), table, rows, keyOf, (row) => (row.worker ? workerRow() : instanceRow()), empty);
}

function instanceRow() {
  const name = element('span');
  const about = element('span', { class: 'muted' });
  const cell = element('th', { scope: 'rowgroup', colspan: columns.length }, name, about);
  return {
    node: element('tr', { class: 'instance' }, cell),
    update: ({ instance, first, count }) => {
      setText(name, instance);
      setText(
        about,
        `${first.hostname || 'unknown host'}, process ${first.processId}, ${plural(count, 'worker')}`,
      );
    },
  };
}

function workerRow() {
  const { node, cells } = makeRow(columns);
  const [name, tag, batch, runs, next, beat] = cells;
  const progress = makeProgress();
  const task = makeTask();
  const state = element('span', { class: 'badge' });
  return {
    node,
    update: ({ worker, now }) => {
      setText(name, shortWorker(worker.workerId));
      setAttribute(name, 'title', worker.workerId);
      node.toggleAttribute('data-idle', worker.tag === null);
      showTag(tag, worker.tag, 'idle');
      if (worker.tag === null) setText(batch, '–');
      else {
        if (batch.firstChild !== progress.node) batch.replaceChildren(progress.node);
        progress.update(worker);
      }
      if (worker.task === null) setText(runs, '–');
      else {
        if (runs.firstChild !== task.node) runs.replaceChildren(task.node);
        task.update(worker.task, now);
      }
      showTag(next, worker.nextTag);
      if (beat.firstChild !== state) beat.replaceChildren(state);
      showBeat(state, worker);
    },
  };
}

function makeProgress() {
  const [done, left] = [element('i'), element('i')];
  const text = element('span');
  const node = element(
    'span',
    { class: 'batch' },
    element('span', { class: 'slots', 'aria-hidden': 'true' }, done, left),
    text,
  );
  return {
    node,
    update: ({ batchPosition, batchSize }) => {
      const max = Math.max(context.maxBatchSize, batchSize, 1);
      done.style.width = `${(100 * Math.min(batchPosition, max)) / max}%`;
      left.style.width = `${(100 * Math.max(0, batchSize - batchPosition)) / max}%`;
      setText(text, `${batchPosition} of ${batchSize}`);
      setAttribute(node, 'title', `Task ${batchPosition} of a batch of ${batchSize}; at most ${max}`);
    },
  };
}

function makeTask() {
  let shown = '';
  const id = element('button', { type: 'button', class: 'link', onclick: () => context.lookUp(shown) });
  const about = element('span', { class: 'muted cell' });
  const node = element('span', { class: 'task' }, id, about);
  return {
    node,
    update: ({ jobId, type, attempt, since }, now) => {
      shown = jobId;
      setText(id, jobId);
      const again = attempt > 1 ? `, attempt ${attempt}` : '';
      const text = `${type}${since > 0 ? `, ${formatDuration(Math.max(0, now - since))}` : ''}${again}`;
      setText(about, text);
      setAttribute(about, 'title', type);
    },
  };
}

function showBeat(state, { silentForMs, leaving }) {
  const isDead = silentForMs > context.heartbeatTimeoutMs;
  const isLate = silentForMs > 2 * context.heartbeatIntervalMs;
  setText(state, leaving ? 'stopping' : formatAge(silentForMs));
  setAttribute(state, 'data-kind', isDead ? 'bad' : isLate || leaving ? 'warn' : 'good');
}
