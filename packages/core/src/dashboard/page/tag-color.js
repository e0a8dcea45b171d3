import { element } from './dom.js';
import { tagName } from './format.js';

const hues = 30;

/** A tag has the same colour in every table, after every reload and for every viewer: a hue, and one of three shades. */
export function colorOf(tag) {
  let hash = 2_166_136_261;
  for (let i = 0; i < tag.length; i += 1) hash = Math.imul(hash ^ tag.charCodeAt(i), 16_777_619);
  // The low bits of this hash alone would give neighbours the same colour.
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return { hue: (hash % hues) * (360 / hues), shade: (((hash >>> 8) % 3) - 1) * 0.085 };
}

/** A tag as it is shown everywhere: a square of its colour, and its name. */
export function tagLabel(tag) {
  const label = element(
    'span',
    { class: 'tag', title: tagName(tag) },
    element('span', { text: tagName(tag) }),
  );
  const { hue, shade } = colorOf(tag);
  label.style.setProperty('--hue', String(hue));
  label.style.setProperty('--shade', String(shade));
  return label;
}

/** Puts the label of a tag into a place, unless it is there already. */
export function showTag(target, tag, otherwise = '–') {
  if (target.shownTag === tag) return;
  target.shownTag = tag;
  target.replaceChildren(tag === null ? element('span', { class: 'muted', text: otherwise }) : tagLabel(tag));
}
