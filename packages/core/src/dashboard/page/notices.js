import { byId, element, keyedChildren, setText } from './dom.js';

const notices = new Map();
const outcomes = new Map();

/** A line at the top of the page, until it is withdrawn. @param {'warn' | 'bad' | 'good'} kind */
export function notify(id, kind, text) {
  notices.set(id, { id, kind, text });
  show('notices', notices);
}

export function withdraw(id) {
  if (notices.delete(id)) show('notices', notices);
}

let count = 0;
const outcomeMs = 6_000;

/** What became of a click: wherever the page is scrolled to. Goes away by itself. @param {'bad' | 'good'} kind */
export function announce(kind, text) {
  count += 1;
  const id = `outcome ${count}`;
  outcomes.set(id, { id, kind, text });
  show('outcomes', outcomes);
  setTimeout(() => {
    outcomes.delete(id);
    show('outcomes', outcomes);
  }, outcomeMs);
}

function show(place, lines) {
  keyedChildren(
    byId(place),
    [...lines.values()],
    ({ id, kind }) => `${id} ${kind}`,
    ({ kind }) => {
      const node = element('p', { class: 'notice', 'data-kind': kind });
      return { node, update: ({ text }) => setText(node, text) };
    },
  );
}
