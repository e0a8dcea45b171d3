/** One stage of the gate alone: node tools/stage.mjs lint | typecheck | build | unit [jest arguments…] */
import { install } from './lib/install.mjs';
import { StageError } from './lib/run.mjs';
import { build, lint, typecheck, unit } from './lib/stages.mjs';

const [name, ...words] = process.argv.slice(2);
const stages = {
  lint: () => lint(words.length > 0 ? words : undefined),
  typecheck,
  build,
  unit: () => unit(words),
};

try {
  if (!Object.hasOwn(stages, name ?? '')) throw new StageError(`stages: ${Object.keys(stages).join(', ')}`);
  await install();
  await stages[name]();
} catch (error) {
  console.error(error instanceof StageError ? `✗ ${error.message}` : error);
  process.exitCode = 1;
}
