import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './markdown.js';

const declaring = new Set(['describe', 'it', 'test']);

/** What is called in the end: `it` of `it('…')`, of `it.each([…])('…')`, of `` it.each`…` `` and of `(can ? it : it.skip)('…')`. */
function nameOf(callee: ts.Expression): string | undefined {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isParenthesizedExpression(callee)) return nameOf(callee.expression);
  if (ts.isConditionalExpression(callee)) return nameOf(callee.whenTrue);
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return nameOf(callee.expression);
  return undefined;
}

/**
 * The titles of all tests and groups of tests in a spec, as they stand in its source.
 *
 * @param file - path from the root
 */
export function testTitles(file: string): ReadonlySet<string> {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022);
  const titles = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && declaring.has(nameOf(node.expression) ?? '')) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.add(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}
