import { createHash } from 'node:crypto';

const MAX_LENGTH = 120;

/** A file name for any tag or task id: the text itself where that is safe, else shortened and made unique by a hash. */
export function fileNameOf(text: string): string {
  const safe = text.replace(/[^\p{L}\p{N}_-]/gu, '_');
  if (text !== '' && safe === text && Buffer.byteLength(text) <= MAX_LENGTH) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${[...safe].slice(0, 30).join('')}-${hash}`;
}
