import { byId, element, segmented, setAttribute, setText } from './dom.js';
import { formatAge, formatDuration, formatNumber, plural, shortWorker, tagName } from './format.js';
import { act, context } from './page-context.js';
import { makeRow, makeTable, showRows } from './table.js';
import { showTag } from './tag-color.js';

const columns = [
  { label: 'Tag', width: '30%' },
  { label: 'Waiting', width: '10%', class: 'number named' },
  { label: 'Oldest', width: '13%', class: 'narrow-hidden' },
  { label: 'State', width: '34%' },
  { label: 'Actions', width: '13%', class: 'actions' },
];
const maxRows = 50;
const orders = {
  waiting: (a, b) => b.waiting - a.waiting,
  oldest: (a, b) => (a.oldestSince ?? Infinity) - (b.oldestSince ?? Infinity),
};

let order = 'waiting';
let shown;
const tables = new Map();

export function startTags() {
  const choices = [
    { value: 'waiting', label: 'Most waiting' },
    { value: 'oldest', label: 'Oldest first' },
  ];
  segmented(byId('tags-order'), choices, order, (value) => {
    order = value;
    if (shown) showTags(shown);
  });
}

/** Tags with tasks, with a worker, or held back. */
export function showTags(state) {
  shown = state;
  const { tags, tagCounts, now } = state.latest;
  const sorted = [...tags].sort((a, b) => orders[order](a, b) || (a.tag < b.tag ? -1 : 1)).slice(0, maxRows);
  const inLine = `${plural(tagCounts.ready, 'tag')} in line`;
  setText(
    byId('tags-hint'),
    tagCounts.ready > 100 ? `${inLine}: the next 100, and what is bound or held` : inLine,
  );
  const shownColumns = context.readOnly ? columns.slice(0, -1) : columns;
  if (!tables.has(context.readOnly)) tables.set(context.readOnly, makeTable('Tags', shownColumns));
  const empty = 'No tag has tasks';
  const items = sorted.map((tag) => ({ ...tag, now }));
  showRows(
    byId('tags'),
    tables.get(context.readOnly),
    items,
    ({ tag }) => `${tag}`,
    (item) => tagRow(shownColumns, item),
    empty,
  );
}

function tagRow(shownColumns, { tag }) {
  const { node, cells } = makeRow(shownColumns);
  const [name, waiting, oldest, state, actions] = cells;
  showTag(name, tag);
  let isPaused = false;
  const button = element('button', {
    type: 'button',
    class: 'button',
    onclick: (event) => {
      const action = isPaused ? 'resume-tag' : 'pause-tag';
      const done = isPaused ? 'Resumed' : 'Paused';
      void act(event.currentTarget, { action, tag }, () => `${done} tag ${tagName(tag)}`);
    },
  });
  // Malformed tasks have no tag that could be paused.
  if (actions && tag !== '') actions.append(button);
  return {
    node,
    update: (item) => {
      isPaused = item.paused;
      setText(waiting, formatNumber(item.waiting));
      setText(oldest, item.oldestSince === null ? '–' : formatAge(Math.max(0, item.now - item.oldestSince)));
      showState(state, item);
      setText(button, isPaused ? 'Resume' : 'Pause');
      setAttribute(button, 'aria-label', `${isPaused ? 'Resume' : 'Pause'} tag ${tagName(tag)}`);
    },
  };
}

function showState(target, { paused, parkedUntil, workerIds, waiting, now }) {
  if (target.firstElementChild === null)
    target.append(element('span', { class: 'badge' }), ' ', element('span', { class: 'muted' }));
  const [badge, detail] = target.children;
  const on = workerIds.length > 0 ? `on ${workerIds.map(shortWorker).join(', ')}` : '';
  const parkedFor = parkedUntil === null ? 0 : Math.max(0, parkedUntil - now);
  const [kind, text, about] = paused
    ? ['warn', 'paused', on]
    : parkedUntil !== null
      ? ['warn', 'backing off', `for ${formatDuration(parkedFor)}${on ? `, ${on}` : ''}`]
      : workerIds.length > 0
        ? ['good', 'bound', on]
        : [null, waiting > 0 ? 'ready' : 'empty', ''];
  setAttribute(badge, 'data-kind', kind);
  setText(badge, text);
  setText(detail, about);
  setAttribute(detail, 'title', workerIds.join('\n'));
}
