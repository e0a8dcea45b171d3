import { byId, element, keyedChildren, setText } from './dom.js';

const notices = new Map();

/** A line at the top of the page, until it is withdrawn. @param {'warn' | 'bad' | 'good'} kind */
export function notify(id, kind, text) {
  notices.set(id, { id, kind, text });
  show();
}

export function withdraw(id) {
  if (notices.delete(id)) show();
}

let outcome = 0;
const outcomeMs = 6_000;

/** What became of a click; goes away by itself. */
export function announce(kind, text) {
  outcome += 1;
  const id = `outcome ${outcome}`;
  notify(id, kind, text);
  setTimeout(() => withdraw(id), outcomeMs);
}

function show() {
  keyedChildren(
    byId('notices'),
    [...notices.values()],
    ({ id, kind }) => `${id} ${kind}`,
    ({ kind }) => {
      const node = element('p', { class: 'notice', 'data-kind': kind });
      return { node, update: ({ text }) => setText(node, text) };
    },
  );
}
