export const WIDTH = 1_640;
export const LEFT = 170;
export const RIGHT = 30;

export function escape(value) {
  return String(value).replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}

export function text(x, y, value, { size = 12, weight = 'normal', fill = '#24292f', anchor = 'start' } = {}) {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escape(value)}</text>`;
}

export function line(x1, y1, x2, y2, { stroke = '#d0d7de', width = 1, dash } = {}) {
  const dashes = dash ? ` stroke-dasharray="${dash}"` : '';
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"${dashes}/>`;
}

export function round(number) {
  return Math.round(number * 100) / 100;
}
