import { readModule, type Module } from './module.ts';
import { parseModule, position, type Node } from './syntax.ts';
import type { Position } from './errors.ts';

/** One name that front-end code takes from another module as a value. */
export interface Use {
  readonly name: string;
  readonly position: Position;
}

/** What one module of the front end takes from others. */
export interface Importer {
  /** Names by the specifier they are taken from. `import()` and a namespace passed on whole take no name. */
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  /** Where each specifier is first asked for. */
  readonly places: ReadonlyMap<string, Position>;
  /** Specifiers of `new URL('…', import.meta.url)`. */
  readonly urls: readonly { specifier: string; position: Position }[];
}

/** Endings of files that are read as they are; others (`.vue`, `.svelte`, …) are read once they are JavaScript. */
export const PLAIN = /\.[cm]?[tj]sx?$/;

/** Read what a module of the front end imports. Throws `Problem` if it is not JavaScript or TypeScript. */
export function readImporter(file: string, code: string): Importer {
  const source = parseModule(file, code, !/\.[cm]?ts$/.test(file));
  const module = readModule(source, /\.[cm]?tsx?$/.test(file));
  const uses = new Map<string, Use[]>();
  const places = new Map<string, Position>();
  const note = (specifier: string, node: Node, name?: string): void => {
    const place = position(source, node);
    if (!places.has(specifier)) places.set(specifier, place);
    const list = uses.get(specifier) ?? [];
    if (name !== undefined && name !== '*') list.push({ name, position: place });
    uses.set(specifier, list);
  };
  for (const statement of source.program.body) {
    if (statement.type === 'ImportDeclaration' && statement.importKind !== 'type') note(statement.source.value, statement);
  }
  for (const [local, binding] of module.bindings) {
    if (binding.typeOnly) continue;
    note(binding.specifier, binding.node, binding.imported);
    if (binding.imported === '*') {
      for (const [member, node] of members(module, local)) note(binding.specifier, node, member);
    }
  }
  for (const item of module.exports.values()) {
    if (item.kind === 'from') note(item.specifier, item.node, item.name);
  }
  for (const { specifier, node } of [...module.stars, ...module.dynamic]) note(specifier, node);
  return { uses, places, urls: urls(module) };
}

/** The names that are read of a namespace, as in `todos.add`. */
function* members(module: Module, local: string): Generator<[string, Node]> {
  for (const { node, parents } of module.references.get(local) ?? []) {
    const member = parents[0];
    if ((member?.type !== 'MemberExpression' && member?.type !== 'OptionalMemberExpression') || member.object !== node) {
      continue;
    }
    if (!member.computed && member.property.type === 'Identifier') yield [member.property.name, member];
    else if (member.property.type === 'StringLiteral') yield [member.property.value, member];
  }
}

function urls(module: Module): { specifier: string; position: Position }[] {
  return (module.references.get('URL') ?? []).flatMap(({ node, parents }) => {
    const made = parents[0];
    const [path, base] = made?.type === 'NewExpression' && made.callee === node ? made.arguments : [];
    const isOwn = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
    return path?.type === 'StringLiteral' && isOwn
      ? [{ specifier: path.value, position: position(module.source, path) }]
      : [];
  });
}
