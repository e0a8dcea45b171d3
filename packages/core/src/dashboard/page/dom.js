import { keepingFocus } from './focus.js';

/** Everything on the page is made here, and every text is set as text: nothing that comes from a task is ever read as HTML. */

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * An element. `props`: properties and attributes; `on…`: listeners; `children`: elements and texts.
 *
 * @param {string} name
 */
export function element(name, props = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (key === 'text') made.textContent = value;
    else if (key === 'class') made.className = value;
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

/** Sets a text only where it changes: a screen reader is not told the same again, a selection stays. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/**
 * Makes the children of a parent those of the items, in their order, and keeps those that are there already: with the focus
 * and the selection in them.
 *
 * @template T
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => { node: Element, update: (item: T) => void }} create
 */
export function keyedChildren(parent, items, keyOf, create) {
  keepingFocus(parent, () => {
    const present = parent.keyedChildren ?? new Map();
    const keys = items.map(keyOf);
    const wanted = new Set(keys);
    for (const [key, { node }] of present) if (!wanted.has(key)) node.remove();
    const next = new Map();
    let before = parent.firstElementChild;
    items.forEach((item, index) => {
      const child = present.get(keys[index]) ?? create(item);
      child.update(item);
      next.set(keys[index], child);
      if (child.node === before) before = before.nextElementSibling;
      else parent.insertBefore(child.node, before);
    });
    parent.keyedChildren = next;
  });
}

/** What another mode of the same place has put there. */
export function clear(parent) {
  parent.keyedChildren = undefined;
  parent.replaceChildren();
}

export function emptyState(text) {
  return element('p', { class: 'empty', text });
}

/**
 * A group of buttons of which one is pressed.
 *
 * @param {{ value: unknown, label: string }[]} choices
 */
export function segmented(parent, choices, chosen, onChoose) {
  const buttons = choices.map(({ value, label }) =>
    element('button', {
      type: 'button',
      text: label,
      'aria-pressed': String(value === chosen),
      onclick: (event) => {
        for (const button of buttons)
          button.setAttribute('aria-pressed', String(button === event.currentTarget));
        onChoose(value);
      },
    }),
  );
  parent.replaceChildren(...buttons);
}
