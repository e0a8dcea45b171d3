import { element, keyedChildren } from './dom.js';
import { focusHeading } from './focus.js';

/**
 * A table whose rows stay where they are while their cells change.
 *
 * @param {{ label: string, width?: string, class?: string }[]} columns
 */
export function makeTable(caption, columns) {
  const head = element(
    'tr',
    {},
    ...columns.map(({ label, class: name }) => element('th', { scope: 'col', class: name, text: label })),
  );
  const widths = element('colgroup', {}, ...columns.map(() => element('col')));
  columns.forEach(({ width }, index) => {
    if (width) widths.children[index].style.width = width;
  });
  const body = element('tbody');
  const table = element(
    'table',
    {},
    element('caption', { class: 'visually-hidden', text: caption }),
    widths,
    element('thead', {}, head),
    body,
  );
  return { table, body };
}

/**
 * A row with a cell per column; on a narrow screen each says what it is.
 *
 * @param {{ label: string, class?: string }[]} columns
 */
export function makeRow(columns) {
  const cells = columns.map(({ label, class: name }) => {
    const content = element('span', { class: 'cell' });
    return { content, td: element('td', { class: name, 'data-label': label }, content) };
  });
  return {
    node: element('tr', {}, ...cells.map(({ td }) => td)),
    cells: cells.map(({ content }) => content),
    tds: cells.map(({ td }) => td),
  };
}

/** Shows rows in a place, or why there are none. */
export function showRows(place, { table, body }, items, keyOf, create, empty) {
  if (items.length === 0) {
    const present = place.firstElementChild;
    if (present?.className === 'empty' && present.textContent === empty) return;
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren(element('p', { class: 'empty', text: empty }));
    if (hadFocus) focusHeading(place.closest('section'));
    return;
  }
  if (place.firstElementChild !== table) place.replaceChildren(table);
  keyedChildren(body, items, keyOf, create);
}
