import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { toSvg } from './svg.mjs';

const require = createRequire(import.meta.url);
// A font of its own: the picture looks the same on a machine that has none.
const FONTS = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
);

/**
 * Draws the run and its control run: a row per worker, over time, coloured by tag.
 *
 * @returns {Promise<string[]>} the files written
 */
export async function drawPicture(output, content) {
  const svg = toSvg(content);
  const files = { svg: join(output, 'run.svg'), png: join(output, 'run.png') };
  await writeFile(files.svg, svg);
  const font = { loadSystemFonts: false, fontFiles: FONTS, defaultFontFamily: 'DejaVu Sans' };
  await writeFile(files.png, new Resvg(svg, { font }).render().asPng());
  return [files.png, files.svg];
}
