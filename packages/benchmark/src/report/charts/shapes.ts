/** Small pieces of SVG, as text. */
export const chartWidth = 880;

const ink = '#1f2328';
const faint = '#d8dee4';

interface TextStyle {
  readonly size?: number;
  readonly weight?: 'normal' | 'bold';
  readonly fill?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(x: number, y: number, value: string, style: TextStyle = {}): string {
  const { size = 13, weight = 'normal', fill = ink, anchor = 'start' } = style;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escape(value)}</text>`;
}

interface LineStyle {
  readonly stroke?: string;
  readonly width?: number;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: LineStyle = {}): string {
  const { stroke = faint, width = 1 } = style;
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"/>`;
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
}

export function dot(x: number, y: number, fill: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4" fill="${fill}"/>`;
}

export function polyline(points: readonly (readonly [number, number])[], stroke: string): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
  return `<polyline points="${path}" fill="none" stroke="${stroke}" stroke-width="2.5" stroke-linejoin="round"/>`;
}

/** A whole picture on white, with its title and, below that, what is shown. */
export function picture(height: number, title: string, subtitle: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${chartWidth}" height="${height}" viewBox="0 0 ${chartWidth} ${height}" font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">`,
    `<title>${escape(title)}</title>`,
    rectangle(0, 0, chartWidth, height, '#ffffff'),
    text(24, 32, title, { size: 18, weight: 'bold' }),
    text(24, 54, subtitle, { fill: '#57606a' }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** A square of colour and its name, from left to right. */
export function legend(
  y: number,
  entries: readonly { readonly label: string; readonly colour: string }[],
): string {
  let x = 24;
  return entries
    .map(({ label, colour }) => {
      const entry = rectangle(x, y - 11, 13, 13, colour) + text(x + 19, y, label);
      x += 19 + label.length * 8 + 28;
      return entry;
    })
    .join('');
}

function escape(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
