import { children, patternNames, type Node, type Source } from './syntax.ts';

/** One place where the value of a name of the module is used, with the nodes around it from the inside out. */
export interface Reference {
  readonly node: Node;
  readonly parents: readonly Node[];
}

/** What the names in a module refer to. */
export interface References {
  /**
   * Every place where a name of the module's own scope is used as a value, by name. Names that an inner scope
   * declares anew, keys, labels and everything in types are left out, and so are the imports that declare a name.
   */
  readonly uses: Map<string, Reference[]>;
  /** Names that stand for a value anywhere, in whatever scope: imports of others are dropped as types. */
  readonly mentions: Set<string>;
}

export function references(source: Source): References {
  const uses = new Map<string, Reference[]>();
  const mentions = new Set<string>();
  const visit = (node: Node, parents: readonly Node[], shadowed: ReadonlySet<string>): void => {
    if (isType(node)) return;
    const around = [node, ...parents];
    if (node.type === 'Identifier' || node.type === 'JSXIdentifier') {
      mentions.add(node.name);
      if (shadowed.has(node.name)) return;
      const list = uses.get(node.name);
      const reference = { node, parents };
      if (list) list.push(reference);
      else uses.set(node.name, [reference]);
      return;
    }
    const names = node.type === 'Program' ? [] : scopeNames(node);
    for (const name of declaredNames(node)) mentions.add(name);
    const inside = names.length > 0 ? new Set([...shadowed, ...names]) : shadowed;
    for (const child of children(node)) {
      if (isNameOnly(node, child)) continue;
      visit(child, around, belongsOutside(node, child) ? shadowed : inside);
    }
  };
  visit(source.program, [], new Set());
  return { uses, mentions };
}

const TYPE_FIELDS = ['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'implements', 'predicate'];
const TS_VALUES = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSParameterProperty',
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSExportAssignment',
  'TSImportEqualsDeclaration',
]);

function isType(node: Node): boolean {
  if (node.type.startsWith('TS')) return !TS_VALUES.has(node.type) || 'declare' in node && node.declare === true;
  return node.type === 'ImportDeclaration' || ('declare' in node && node.declare === true);
}

/** Whether `child` is in `node` a name that refers to nothing: a key, a label, what is declared, a type. */
function isNameOnly(node: Node, child: Node): boolean {
  const fields = node as unknown as Record<string, unknown>;
  if (TYPE_FIELDS.some((name) => fields[name] === child || (Array.isArray(fields[name]) && fields[name].includes(child)))) {
    return true;
  }
  switch (node.type) {
    case 'MemberExpression':
    case 'OptionalMemberExpression':
      return child === node.property && !node.computed;
    case 'ObjectProperty':
      return child === node.key && !node.computed && (!node.shorthand || child !== node.value);
    case 'ObjectMethod':
    case 'ClassMethod':
    case 'ClassProperty':
    case 'ClassAccessorProperty':
    case 'TSDeclareMethod':
      return child === node.key && !node.computed;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return child === node.label;
    case 'MetaProperty':
      return true;
    case 'ExportNamedDeclaration':
      return node.exportKind === 'type' || (node.source !== null && node.source !== undefined);
    case 'ExportSpecifier':
      return node.exportKind === 'type' || child === node.exported;
    case 'ExportAllDeclaration':
      return true;
    case 'VariableDeclarator':
      return child === node.id && child.type === 'Identifier';
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ClassDeclaration':
    case 'ClassExpression':
    case 'TSEnumDeclaration':
    case 'TSEnumMember':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
      return child === node.id;
    case 'JSXAttribute':
      return child === node.name;
    case 'JSXMemberExpression':
      return child === node.property;
    case 'JSXOpeningElement':
    case 'JSXClosingElement':
      return child === node.name && child.type === 'JSXIdentifier' && /^[a-z]/.test(child.name);
    default:
      return false;
  }
}

/** Names that stand in `node` and that `isNameOnly` leaves out, although they stand for a value. */
function declaredNames(node: Node): string[] {
  switch (node.type) {
    case 'VariableDeclarator':
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
      return node.id?.type === 'Identifier' ? [node.id.name] : [];
    case 'ExportSpecifier':
      return node.exported.type === 'Identifier' ? [node.exported.name] : [];
    default:
      return [];
  }
}

/** Whether `child` is evaluated outside of the scope that `node` opens. */
function belongsOutside(node: Node, child: Node): boolean {
  if (child.type === 'Decorator') return true;
  return (node.type === 'ClassMethod' || node.type === 'ObjectMethod') && child === node.key;
}

/** The names that a node declares for what is inside it. */
function scopeNames(node: Node): string[] {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ObjectMethod':
    case 'ClassMethod':
    case 'ClassPrivateMethod': {
      const own = node.type === 'FunctionExpression' && node.id ? [node.id.name] : [];
      return [...own, ...node.params.flatMap(patternNames), ...hoisted(node.body)];
    }
    case 'StaticBlock':
      return [...blockNames(node.body), ...node.body.flatMap(hoisted)];
    case 'ClassExpression':
    case 'ClassDeclaration':
      return node.id ? [node.id.name] : [];
    case 'BlockStatement':
      return blockNames(node.body);
    case 'TSModuleBlock':
      return [...blockNames(node.body), ...node.body.flatMap(hoisted)];
    case 'SwitchStatement':
      return node.cases.flatMap((item) => blockNames(item.consequent));
    case 'CatchClause':
      return patternNames(node.param);
    case 'ForStatement':
      return node.init ? blockNames([node.init]) : [];
    case 'ForInStatement':
    case 'ForOfStatement':
      return blockNames([node.left]);
    default:
      return [];
  }
}

function blockNames(statements: readonly Node[]): string[] {
  return statements.flatMap((statement): string[] => {
    const inner = statement.type === 'ExportNamedDeclaration' && statement.declaration ? statement.declaration : statement;
    switch (inner.type) {
      case 'VariableDeclaration':
        return inner.declarations.flatMap((item) => patternNames(item.id));
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
      case 'TSEnumDeclaration':
        return inner.id ? [inner.id.name] : [];
      case 'TSModuleDeclaration':
      case 'TSImportEqualsDeclaration':
        return inner.id.type === 'Identifier' ? [inner.id.name] : [];
      default:
        return [];
    }
  });
}

/** Names that `var` hoists to the function that `node` is the body of. */
function hoisted(node: Node): string[] {
  if (isType(node) || /Function|Method|^StaticBlock$|^TSModule/.test(node.type)) return [];
  const own = node.type === 'VariableDeclaration' && node.kind === 'var' ? blockNames([node]) : [];
  return [...own, ...children(node).flatMap(hoisted)];
}
