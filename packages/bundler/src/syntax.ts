import { parse, type ParserPlugin } from '@babel/parser';
import type { File, Node, Program } from '@babel/types';

import { Problem, type Position } from './errors.ts';

export type { Node, Program };

/** One parsed module; `file` is what positions name. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly program: Program;
}

/** Largest module that is read, in characters; the node's limit for one file, in bytes. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** Parse TypeScript or JavaScript, with JSX where `jsx` says so. Throws `Problem`. */
export function parseModule(file: string, text: string, jsx = false): Source {
  if (text.length > MAX_LENGTH) throw new Problem({ file, line: 1, column: 1 }, 'this file is over 4 MiB');
  const plugins: ParserPlugin[] = ['typescript', 'decorators'];
  if (jsx) plugins.push('jsx');
  let parsed: File;
  try {
    parsed = parse(text, {
      sourceType: 'module',
      allowUndeclaredExports: true,
      createImportExpressions: true,
      plugins,
    }) as File;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    const at = (error as { loc?: { line: number; column: number } }).loc;
    const reason = error.message.replace(/ \(\d+:\d+\)$/, '');
    throw new Problem({ file, line: at?.line ?? 1, column: (at?.column ?? 0) + 1 }, `this cannot be read: ${reason}`);
  }
  return { file, text, program: parsed.program };
}

export function position(source: Source, node: Node): Position {
  return {
    file: source.file,
    line: node.loc?.start.line ?? 1,
    column: (node.loc?.start.column ?? 0) + 1,
  };
}

/** The children of a node, in the order they are written. */
export function children(node: Node): Node[] {
  const found: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === 'loc' || key === 'extra' || key.endsWith('Comments')) continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof (child as Node).type === 'string') {
        found.push(child as Node);
      }
    }
  }
  return found.sort((left, right) => (left.start ?? 0) - (right.start ?? 0));
}

/** The expression inside parentheses, `as`, `satisfies`, `!` and `<T>`. */
export function unwrap(node: Node): Node {
  let inner = node;
  while (isWrapper(inner)) inner = (inner as unknown as { expression: Node }).expression;
  return inner;
}

/** Whether the value of an expression is that of the one expression inside it. */
export function isWrapper(node: Node): boolean {
  return (
    node.type === 'ParenthesizedExpression' ||
    node.type === 'TSAsExpression' ||
    node.type === 'TSSatisfiesExpression' ||
    node.type === 'TSNonNullExpression' ||
    node.type === 'TSTypeAssertion'
  );
}

/** The name of an import or export specifier, which may be written as a string. */
export function moduleName(node: Node): string {
  return node.type === 'StringLiteral' ? node.value : node.type === 'Identifier' ? node.name : '';
}

/** The names that a binding pattern declares. */
export function patternNames(pattern: Node | null | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((item) =>
        patternNames(item.type === 'RestElement' ? item.argument : item.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((item) => patternNames(item));
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'RestElement':
      return patternNames(pattern.argument);
    case 'TSParameterProperty':
      return patternNames(pattern.parameter);
    default:
      return [];
  }
}
