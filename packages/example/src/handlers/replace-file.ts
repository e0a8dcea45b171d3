import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file as a whole: a process that is killed meanwhile leaves the old content, never half of the new one.
 * This is no lock: of two writers the later one wins.
 */
export async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.${randomUUID()}.draft`;
  await writeFile(draft, content);
  await rename(draft, path);
}
