import { Problem } from './errors.ts';
import type { Binding, Module } from './module.ts';
import type { Reference } from './references.ts';
import { isWrapper, position, type Node } from './syntax.ts';

export const HANDLER_PACKAGE = '@proven-network/handler';

export type HandlerKind =
  | 'rpc'
  | 'http'
  | 'schedule'
  | 'event'
  | 'radix_event'
  | 'ethereum_event'
  | 'bitcoin_event'
  | 'health_check';

const KINDS: ReadonlyMap<string, HandlerKind> = new Map([
  ['run', 'rpc'],
  ['runWithOptions', 'rpc'],
  ['runOnHttp', 'http'],
  ['runOnSchedule', 'schedule'],
  ['runOnEvent', 'event'],
  ['runOnProvenEvent', 'event'],
  ['runOnRadixEvent', 'radix_event'],
  ['runOnEthereumEvent', 'ethereum_event'],
  ['runOnBitcoinEvent', 'bitcoin_event'],
  ['runOnHealthCheck', 'health_check'],
]);

/** The local name of a handler that is exported as `export default run(…)`. */
export const DEFAULT = '*default*';

/** One `run…(…)` that is the whole value of a top-level `const` or default export. */
export interface Declaration {
  readonly kind: HandlerKind;
  readonly node: Node;
}

/** The handlers of a module, by the local name that holds each. */
export interface Declarations {
  readonly found: ReadonlyMap<string, Declaration>;
  readonly problems: readonly Problem[];
}

/** Whether a module imports something of `@proven-network/handler` that is not a type. */
export function importsHandlers(module: Module): boolean {
  return module.loads.has(HANDLER_PACKAGE);
}

/**
 * Find every handler that a module declares, by the rules of the node's own reader (`proven check`).
 *
 * Each use of `run` and its kin is either the declaration of a handler or a problem. What the options of a
 * handler say is for the node to judge.
 */
export function findHandlers(module: Module): Declarations {
  const found = new Map<string, Declaration>();
  const problems: Problem[] = [];
  const refuse = (node: Node, reason: string): void => {
    problems.push(new Problem(position(module.source, node), reason));
  };
  if (!importsHandlers(module)) return { found, problems };
  const loaders = [
    ...module.stars,
    ...module.dynamic,
    ...[...module.exports.values()].flatMap((item) => (item.kind === 'from' ? [item] : [])),
  ];
  for (const { specifier, node } of loaders) {
    if (specifier === HANDLER_PACKAGE) {
      refuse(node, `${HANDLER_PACKAGE} can only be used with an \`import\` statement at the top of the module`);
    }
  }
  for (const [local, binding] of module.bindings) {
    if (binding.specifier !== HANDLER_PACKAGE || binding.typeOnly) continue;
    if (binding.imported !== '*' && !KINDS.has(binding.imported)) {
      refuse(binding.node, unknown(binding.imported));
      continue;
    }
    for (const reference of module.references.get(local) ?? []) {
      readUse(binding, reference, found, refuse);
    }
  }
  return { found, problems };
}

type Refuse = (node: Node, reason: string) => void;

function unknown(name: string): string {
  return `${HANDLER_PACKAGE} has no export '${name}'; it has ${[...KINDS.keys()].join(', ')}`;
}

function readUse(binding: Binding, reference: Reference, found: Map<string, Declaration>, refuse: Refuse): void {
  const { callee, parents, name } = calledFunction(binding, reference);
  const kind = KINDS.get(name);
  if (kind === undefined) return refuse(callee, unknown(name));
  const call = parents[0];
  if (call?.type !== 'CallExpression' || call.callee !== callee) {
    return refuse(reference.node, `\`${name}\` can only be called directly: \`export const x = ${name}(…)\``);
  }
  const place = placeOf(call, parents.slice(1));
  if (typeof place !== 'string') return refuse(place.node, place.reason);
  const expected = name === 'run' ? 1 : 2;
  const last = call.arguments.at(-1);
  if (call.arguments.length !== expected || call.arguments.some((item) => item.type === 'SpreadElement')) {
    refuse(call, `it is called as \`${name}${expected === 1 ? '(fn)' : '(options, fn)'}\``);
  } else if (last && /^(ObjectExpression|ArrayExpression|TemplateLiteral)$|Literal$/.test(last.type)) {
    refuse(last, `the last argument of \`${name}\` is the function to run`);
  }
  found.set(place, { kind, node: call });
}

/** The node that stands for the handler function, what is around it, and its name: of `h.run` the whole expression. */
function calledFunction(
  binding: Binding,
  { node, parents }: Reference,
): { callee: Node; parents: readonly Node[]; name: string } {
  if (binding.imported !== '*') return { callee: node, parents, name: binding.imported };
  const member = parents[0];
  if (member?.type === 'MemberExpression' && member.object === node) {
    const { property, computed } = member;
    const name =
      !computed && property.type === 'Identifier'
        ? property.name
        : property.type === 'StringLiteral'
          ? property.value
          : property.type === 'TemplateLiteral' && property.expressions.length === 0
            ? (property.quasis[0]?.value.cooked ?? undefined)
            : undefined;
    if (name !== undefined) return { callee: member, parents: parents.slice(1), name };
  }
  return { callee: node, parents, name: 'run' };
}

/** The local name that holds the handler, or what is wrong with where it stands. */
function placeOf(call: Node, parents: readonly Node[]): string | { node: Node; reason: string } {
  const around = parents.slice(parents.findIndex((node) => !isWrapper(node)));
  const [parent, declaration, holder, outside] = around;
  if (parent?.type === 'ExportDefaultDeclaration') return DEFAULT;
  if (parent?.type !== 'VariableDeclarator') return { node: call, reason: misplaced(around) };
  const exported = holder?.type === 'ExportNamedDeclaration' && outside?.type === 'Program';
  if (declaration?.type !== 'VariableDeclaration' || (holder?.type !== 'Program' && !exported)) {
    return { node: call, reason: 'a handler is declared at the top level of its module: `export const x = run(…)`' };
  }
  if (declaration.kind !== 'const') {
    return { node: declaration, reason: 'a handler is a `const`, so that what is found here is what runs' };
  }
  if (parent.id.type !== 'Identifier') {
    return { node: parent.id, reason: 'a handler has one plain name, it cannot be destructured' };
  }
  return parent.id.name;
}

const INNER = /Function|Method$|^Class(Body|PrivateMethod)$|^StaticBlock$|^BlockStatement$|^TSModuleBlock$/;

function misplaced(around: readonly Node[]): string {
  if (around.some((node) => INNER.test(node.type))) {
    return 'a handler is declared at the top level of its module, not inside a function, class or block';
  }
  const parent = around[0];
  if (parent?.type === 'AssignmentExpression') return 'a handler is declared with `export const`, not assigned later';
  if (parent?.type === 'ExpressionStatement') {
    return 'this handler is not exported, so nothing could call it: `export const x = …`';
  }
  const chosen = /^(Conditional|Binary|Logical|Await|Sequence)Expression$/.test(parent?.type ?? '');
  return `a handler is the whole value of its export, it cannot be ${chosen ? 'chosen or awaited' : 'wrapped in something else'}`;
}
