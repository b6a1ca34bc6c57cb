import { Problem } from './errors.ts';
import { references, type Reference, type References } from './references.ts';
import { moduleName, parseModule, patternNames, position, type Node, type Source } from './syntax.ts';

/** A name that a module imports: `imported` is the exporter's name for it, `*` for its namespace. */
export interface Binding {
  readonly specifier: string;
  readonly imported: string;
  readonly node: Node;
  /** Whether TypeScript drops it, because it is only used as a type. */
  readonly typeOnly: boolean;
}

/** What an exported name stands for. */
export type Export =
  | { readonly kind: 'local'; readonly local: string; readonly node: Node }
  | { readonly kind: 'from'; readonly specifier: string; readonly name: string; readonly node: Node }
  | { readonly kind: 'value'; readonly value: Node; readonly node: Node }
  | { readonly kind: 'type'; readonly node: Node };

/** What a module imports, declares and exports. */
export interface Module {
  readonly source: Source;
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly exports: ReadonlyMap<string, Export>;
  /** `export * from`. */
  readonly stars: readonly { specifier: string; node: Node }[];
  /** Specifiers of `import('…')`. */
  readonly dynamic: readonly { specifier: string; node: Node }[];
  /** The values of top-level `const`s with a plain name. */
  readonly constants: ReadonlyMap<string, Node>;
  /** The specifiers of what the module loads when it runs. */
  readonly loads: ReadonlySet<string>;
  readonly references: ReadonlyMap<string, readonly Reference[]>;
}

/** Read a module. `typescript` for one in which names that are only types are dropped. Throws `Problem`. */
export function readModule(source: Source, typescript: boolean): Module {
  return new Reader(source, typescript).read();
}

/** Read a file of the app, as the node does: TypeScript without JSX, whatever its ending. Throws `Problem`. */
export function readAppModule(file: string, text: string): Module {
  return readModule(parseModule(file, text), /\.m?ts$/.test(file));
}

class Reader {
  private readonly source: Source;
  private readonly typescript: boolean;
  private readonly references: References;
  private readonly bindings = new Map<string, Binding>();
  private readonly exports = new Map<string, Export>();
  private readonly stars: { specifier: string; node: Node }[] = [];
  private readonly dynamic: { specifier: string; node: Node }[] = [];
  private readonly constants = new Map<string, Node>();
  private readonly values = new Set<string>();
  private readonly types = new Set<string>();
  private readonly loads = new Set<string>();

  constructor(source: Source, typescript: boolean) {
    this.source = source;
    this.typescript = typescript;
    this.references = references(source);
  }

  read(): Module {
    for (const statement of this.source.program.body) this.statement(statement);
    for (const [name, item] of this.exports) {
      if (item.kind === 'local' && this.declaresType(item.local)) this.exports.set(name, { kind: 'type', node: item.node });
    }
    this.findImportCalls(this.source.program);
    return {
      source: this.source,
      bindings: this.bindings,
      exports: this.exports,
      stars: this.stars,
      dynamic: this.dynamic,
      constants: this.constants,
      loads: this.loads,
      references: this.references.uses,
    };
  }

  private declaresType(local: string): boolean {
    if (this.values.has(local)) return false;
    return this.bindings.get(local)?.typeOnly ?? this.types.has(local);
  }

  private refuse(node: Node, reason: string): never {
    throw new Problem(position(this.source, node), reason);
  }

  private statement(statement: Node): void {
    switch (statement.type) {
      case 'ImportDeclaration':
        return this.import(statement);
      case 'ExportNamedDeclaration':
        return this.exportNamed(statement);
      case 'ExportDefaultDeclaration':
        return this.exportDefault(statement.declaration, statement);
      case 'ExportAllDeclaration':
        if (statement.exportKind !== 'type') {
          this.stars.push({ specifier: statement.source.value, node: statement });
          this.loads.add(statement.source.value);
        }
        return;
      case 'TSExportAssignment':
      case 'TSNamespaceExportDeclaration':
        return this.refuse(statement, '`export =` has no ES module form: use `export`');
      case 'TSImportEqualsDeclaration':
        return this.refuse(statement, '`import x = …` has no ES module form: write `import x from …`');
      default:
        this.declare(statement);
    }
  }

  private import(statement: Node & { type: 'ImportDeclaration' }): void {
    const specifier = statement.source.value;
    let kept = statement.importKind !== 'type' && statement.specifiers.length === 0;
    for (const item of statement.specifiers) {
      const local = item.local.name;
      const imported =
        item.type === 'ImportSpecifier'
          ? moduleName(item.imported)
          : item.type === 'ImportDefaultSpecifier'
            ? 'default'
            : '*';
      const stated = statement.importKind === 'type' || (item.type === 'ImportSpecifier' && item.importKind === 'type');
      const typeOnly = stated || (this.typescript && !this.references.mentions.has(local));
      kept ||= !typeOnly;
      this.bindings.set(local, { specifier, imported, node: item, typeOnly });
    }
    if (kept || (!this.typescript && statement.importKind !== 'type')) this.loads.add(specifier);
  }

  private exportNamed(statement: Node & { type: 'ExportNamedDeclaration' }): void {
    if (statement.declaration) {
      if (statement.declaration.type === 'TSImportEqualsDeclaration') {
        this.refuse(statement, '`export import` has no ES module form: use `export`');
      }
      for (const name of this.declare(statement.declaration)) {
        this.exports.set(name, { kind: 'local', local: name, node: statement.declaration });
      }
      return;
    }
    const specifier = statement.source?.value;
    const typeStatement = statement.exportKind === 'type';
    if (specifier !== undefined && !typeStatement) this.loads.add(specifier);
    for (const item of statement.specifiers) {
      const exported = moduleName(item.exported);
      if (typeStatement || (item.type === 'ExportSpecifier' && item.exportKind === 'type')) {
        this.exports.set(exported, { kind: 'type', node: item });
      } else if (specifier !== undefined) {
        const name = item.type === 'ExportSpecifier' ? moduleName(item.local) : '*';
        this.exports.set(exported, { kind: 'from', specifier, name, node: item });
      } else if (item.type === 'ExportSpecifier') {
        this.exports.set(exported, { kind: 'local', local: moduleName(item.local), node: item });
      }
    }
  }

  private exportDefault(declaration: Node, statement: Node): void {
    const name =
      declaration.type === 'Identifier'
        ? declaration.name
        : 'id' in declaration && declaration.id && 'name' in declaration.id && typeof declaration.id.name === 'string'
          ? declaration.id.name
          : undefined;
    if (declaration.type !== 'Identifier') this.declare(declaration);
    if (name !== undefined && /Identifier|Declaration/.test(declaration.type)) {
      this.exports.set('default', { kind: 'local', local: name, node: statement });
    } else {
      this.exports.set('default', { kind: 'value', value: declaration, node: statement });
    }
  }

  /** Note what a top-level statement declares; return the names. */
  private declare(statement: Node): string[] {
    switch (statement.type) {
      case 'VariableDeclaration': {
        const names = statement.declarations.flatMap((item) => patternNames(item.id));
        if (statement.declare) return this.ambient(names);
        for (const item of statement.declarations) {
          if (statement.kind === 'const' && item.id.type === 'Identifier' && item.init) {
            this.constants.set(item.id.name, item.init);
          }
        }
        for (const name of names) this.values.add(name);
        return names;
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
      case 'TSEnumDeclaration':
      case 'TSModuleDeclaration': {
        const name = statement.id?.type === 'Identifier' ? statement.id.name : undefined;
        if (name === undefined) return [];
        if ('declare' in statement && statement.declare) return this.ambient([name]);
        this.values.add(name);
        return [name];
      }
      case 'TSInterfaceDeclaration':
      case 'TSTypeAliasDeclaration':
        return this.ambient([statement.id.name]);
      case 'TSDeclareFunction':
        return statement.id ? this.ambient([statement.id.name]) : [];
      default:
        return [];
    }
  }

  private ambient(names: string[]): string[] {
    for (const name of names) this.types.add(name);
    return names;
  }

  private findImportCalls(node: Node): void {
    if (node.type === 'ImportExpression' && node.source.type === 'StringLiteral') {
      this.dynamic.push({ specifier: node.source.value, node });
      this.loads.add(node.source.value);
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === 'loc' || key.endsWith('Comments')) continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child !== null && typeof child === 'object' && typeof child.type === 'string') this.findImportCalls(child);
      }
    }
  }
}
