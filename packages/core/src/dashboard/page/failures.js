import { confirmed } from './confirm.js';
import { byId, element, setAttribute, setText } from './dom.js';
import { focusHeading } from './focus.js';
import { formatMoment, formatNumber, plural } from './format.js';
import { announce } from './notices.js';
import { act, context } from './page-context.js';
import { ask } from './server.js';
import { makeRow, makeTable, showRows } from './table.js';
import { showTag } from './tag-color.js';

const columns = [
  { label: 'Task', width: '16%', class: 'at-1' },
  { label: 'Type', width: '13%', class: 'at-4 side' },
  { label: 'Tag', width: '16%', class: 'at-3' },
  { label: 'Reason', width: '29%', class: 'at-5 whole' },
  { label: 'Failed at', width: '10%', class: 'at-2 side' },
  { label: 'Actions', width: '16%', class: 'actions at-6 whole' },
];
const pageSize = 25;
const quietMs = 2_000;

let from = 0;
let seenTotal;
let seenQueue;
let readAt = 0;
let reading = false;
let isStale = false;
const tables = new Map();

export function startFailures() {
  context.refreshFailures = () => void read();
}

/** Reads the page again when the number of failed tasks has changed, but not in every update. */
export function followFailures(state) {
  const { failed } = state.latest.stats;
  if (seenQueue !== context.queue) {
    from = 0;
    seenQueue = context.queue;
    isStale = true;
  }
  if (failed !== seenTotal) isStale = true;
  if (isStale && !reading && Date.now() - readAt > quietMs) {
    seenTotal = failed;
    void read();
  }
}

async function read() {
  const { queue } = context;
  reading = true;
  readAt = Date.now();
  isStale = false;
  try {
    const page = await ask('failures', { queue, from });
    if (queue !== context.queue) return;
    if (page.tasks.length === 0 && page.total > 0 && from > 0) {
      from = Math.max(0, Math.floor((page.total - 1) / pageSize) * pageSize);
      isStale = true;
    }
    show(page);
  } catch (error) {
    isStale = true;
    announce('bad', `Failed tasks could not be read: ${error.message}`);
  } finally {
    reading = false;
  }
}

function show({ total, tasks }) {
  const shownColumns = context.readOnly ? columns.slice(0, -1) : columns;
  if (!tables.has(context.readOnly)) tables.set(context.readOnly, makeTable('Failed tasks', shownColumns));
  setText(byId('failures-hint'), total > 0 ? `${plural(total, 'task')}, the latest first` : '');
  const keyOf = ({ jobId, failedAt }) => `${jobId} ${failedAt}`;
  const create = (task) => failureRow(shownColumns, task);
  showRows(byId('failures'), tables.get(context.readOnly), tasks, keyOf, create, 'No failed tasks are kept');
  showRetryAll(total);
  showPager(total);
}

function failureRow(shownColumns, { jobId, type, tag, reason, attemptsMade, failedAt }) {
  const { node, cells } = makeRow(shownColumns);
  const [id, typeCell, tagCell, reasonCell, when, actions] = cells;
  id.append(
    element('button', { type: 'button', class: 'link', text: jobId, onclick: () => context.lookUp(jobId) }),
  );
  setText(typeCell, type);
  setAttribute(typeCell, 'title', type);
  showTag(tagCell, tag);
  reasonCell.className = 'reason';
  const attempts = attemptsMade > 1 ? ` (${attemptsMade} attempts)` : '';
  setText(reasonCell, `${reason || 'no reason given'}${attempts}`);
  setAttribute(reasonCell, 'title', reason);
  setText(when, formatMoment(failedAt, Date.now()));
  actions?.append(buttonsOf(jobId));
  return { node, update: () => undefined };
}

function buttonsOf(jobId) {
  const retry = element('button', {
    type: 'button',
    class: 'button',
    text: 'Retry',
    'aria-label': `Retry task ${jobId}`,
    onclick: async (event) => {
      await act(event.currentTarget, { action: 'retry-task', jobId }, (changed) =>
        changed > 0 ? `Task ${jobId} goes to the end of its tag` : `Task ${jobId} is not failed any more`,
      );
      await read();
    },
  });
  const remove = element('button', {
    type: 'button',
    class: 'button',
    text: 'Remove',
    'aria-label': `Remove task ${jobId}`,
    onclick: async (event) => {
      const button = event.currentTarget;
      if (!(await confirmed(`Remove task ${jobId}? It cannot be brought back.`, 'Remove'))) return;
      await act(button, { action: 'remove-task', jobId }, (changed) =>
        changed > 0 ? `Task ${jobId} was removed` : `Task ${jobId} is not failed any more`,
      );
      await read();
    },
  });
  return element('span', { class: 'row' }, retry, remove);
}

function showRetryAll(total) {
  const place = byId('failures-actions');
  if (context.readOnly || total === 0) {
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren();
    if (hadFocus) focusHeading(place.closest('section'));
    return;
  }
  if (place.firstElementChild) return;
  const button = element('button', {
    type: 'button',
    class: 'button',
    text: 'Retry all',
    onclick: async () => {
      if (!(await confirmed('Retry all failed tasks (at most 1,000 at once)?', 'Retry all'))) return;
      await act(
        button,
        { action: 'retry-failed' },
        (changed) => `${plural(changed, 'task')} will be tried again`,
      );
      await read();
    },
  });
  place.replaceChildren(button);
}

function showPager(total) {
  const place = byId('failures-pager');
  if (total <= pageSize) {
    place.replaceChildren();
    return;
  }
  if (place.childElementCount === 0) {
    const turn = (by) => () => {
      from = Math.max(0, from + by);
      void read();
    };
    place.append(
      element('span'),
      element('button', { type: 'button', class: 'button', text: 'Newer', onclick: turn(-pageSize) }),
      element('button', { type: 'button', class: 'button', text: 'Older', onclick: turn(pageSize) }),
    );
  }
  const [text, newer, older] = place.children;
  setText(
    text,
    `${formatNumber(from + 1)}–${formatNumber(Math.min(total, from + pageSize))} of ${formatNumber(total)}`,
  );
  const focused = document.activeElement;
  newer.disabled = from === 0;
  older.disabled = from + pageSize >= total;
  if (focused?.disabled && place.contains(focused)) (focused === newer ? older : newer).focus();
}
