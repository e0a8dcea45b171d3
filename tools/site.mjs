/**
 * `npm run docs`: builds the documentation site into tools/site/dist; a dead link is an error, also one to a heading. The pages are the
 * repository's own documents and the reference of the API, made of the docstrings.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runBin, runStages } from './lib/run.mjs';
import { checkLinks } from './site/check-links.mjs';

const site = join(ROOT, 'tools', 'site');

await runStages([
  ['install', install],
  ['reference', reference],
  ['site', () => runBin('vitepress', ['build', site])],
  ['links', () => checkLinks(join(site, 'dist'))],
]);

async function reference() {
  await rm(join(site, 'api'), { recursive: true, force: true });
  await runBin('typedoc', ['--options', join(site, 'typedoc.json'), '--logLevel', 'Warn']);
}
