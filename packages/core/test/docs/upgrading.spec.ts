import { expect, it } from '@jest/globals';
import { IncompatibleLayoutError } from '../../src/index.js';
import { layoutVersion } from '../../src/redis/queue-keys.js';
import { readMarkdown, tableUnder } from './support/markdown.js';

it('docs/upgrading.md shows the refusal as it is', () => {
  const layouts = { found: '1:worker-queue', expected: '2:worker-queue' };
  const { name, message } = new IncompatibleLayoutError({ queueName: 'pending-tasks', ...layouts });
  const shown = readMarkdown('docs/upgrading.md').blocks.map(({ code }) => code.trim());
  expect(shown).toContain(`${name}: ${message}`);
});

it('its newest release has the layout of this version', () => {
  const releases = tableUnder('docs/upgrading.md', 'Rolling deploys');
  expect(releases.at(-1)![1]).toBe(layoutVersion);
  const parts = new Map(
    tableUnder('docs/upgrading.md', 'What has to fit together').map((row) => [row[0]!, row[1]!]),
  );
  expect(parts.get('the layout of the keys in Redis')).toBe(layoutVersion);
});
