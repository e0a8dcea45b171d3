import { element, setAttribute, setText } from './dom.js';

/**
 * A canvas that fits its place and the screen, with a tip under the pointer. For those who do not see it, its label says what
 * it shows; everything in it is in the tables too.
 */
export class Plot {
  #tipText = () => undefined;
  #draw = () => undefined;

  constructor(place) {
    this.canvas = element('canvas', { role: 'img', 'aria-label': '' });
    this.tip = element('div', { class: 'tip', hidden: true });
    place.replaceChildren(this.canvas, this.tip);
    this.canvas.addEventListener('pointermove', (event) => this.#point(event.offsetX, event.offsetY));
    this.canvas.addEventListener('pointerleave', () => (this.tip.hidden = true));
    new ResizeObserver(() => this.redraw()).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  /**
   * @param {number} height
   * @param {(brush: CanvasRenderingContext2D, size: { width: number, height: number }, colors: object) => void} draw
   * @param {(x: number, y: number) => string[] | undefined} tipText lines under the pointer
   */
  show(height, label, draw, tipText) {
    setAttribute(this.canvas, 'aria-label', label);
    this.#tipText = tipText;
    this.#draw = (width) => {
      const ratio = window.devicePixelRatio || 1;
      const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.canvas.width !== pixelWidth || this.canvas.height !== pixelHeight) {
        this.canvas.width = pixelWidth;
        this.canvas.height = pixelHeight;
        this.canvas.style.height = `${height}px`;
      }
      const brush = this.canvas.getContext('2d');
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      brush.clearRect(0, 0, width, height);
      draw(brush, { width, height }, colorsOf(this.canvas));
    };
    this.redraw();
  }

  redraw() {
    const { clientWidth } = this.canvas.parentElement;
    if (clientWidth > 0) this.#draw(clientWidth);
  }

  #point(x, y) {
    const lines = this.#tipText(x, y);
    this.tip.hidden = lines === undefined;
    if (lines === undefined) return;
    const [first, ...rest] = lines;
    while (this.tip.childElementCount <= rest.length)
      this.tip.append(element(this.tip.childElementCount === 0 ? 'strong' : 'div'));
    while (this.tip.childElementCount > lines.length) this.tip.lastElementChild.remove();
    [first, ...rest].forEach((line, index) => setText(this.tip.children[index], line));
    const { clientWidth } = this.canvas;
    const left = x + 14 + this.tip.offsetWidth > clientWidth ? x - 14 - this.tip.offsetWidth : x + 14;
    this.tip.style.transform = `translate(${Math.max(0, left)}px, ${y + 14}px)`;
  }
}

const names = [
  'text',
  'muted',
  'line',
  'card',
  'chip',
  'good-fill',
  'bad-fill',
  'wait',
  'run',
  'tag-lightness',
  'tag-chroma',
];

function colorsOf(canvas) {
  const style = getComputedStyle(canvas);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export const plotFont = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** A distance between lines of a time axis that leaves room for the labels. */
export function timeStep(spanMs, width) {
  const wanted = (spanMs * 96) / Math.max(1, width);
  return (
    [10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000].find((step) => step >= wanted) ?? 600_000
  );
}
