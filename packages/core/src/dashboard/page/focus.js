/** Whoever works with the keyboard stays where they are, while rows come, go and change places around them. */

const controlsOf = (row) => [...row.querySelectorAll('button, input')];

/**
 * Changes the children of a place. The focus stays on the control that has it; when its row has gone, the same control of the
 * row that took its place gets it, and where there is none, the heading of the part.
 *
 * @param {Element} place
 * @param {() => void} change
 */
export function keepingFocus(place, change) {
  const focused = document.activeElement;
  const rows = [...place.children];
  const index = rows.findIndex((row) => row.contains(focused));
  const control = index < 0 ? 0 : controlsOf(rows[index]).indexOf(focused);
  const part = place.closest('section');
  change();
  // A row that only changed its place has lost it on the way.
  if (index < 0 || document.activeElement === focused) return;
  if (place.isConnected && place.contains(focused)) focused.focus({ preventScroll: true });
  else if (
    !focusRow(place.isConnected ? place.children[Math.min(index, place.children.length - 1)] : null, control)
  )
    focusHeading(part);
}

function focusRow(row, control) {
  const controls = row ? controlsOf(row) : [];
  (controls[control] ?? controls.at(-1))?.focus({ preventScroll: true });
  return controls.length > 0;
}

/** @param {Element | null} part */
export function focusHeading(part) {
  const heading = part?.querySelector('h2');
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
