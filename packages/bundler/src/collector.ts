import { join } from 'node:path';

import { Problem } from './errors.ts';
import { DEFAULT, type Declarations, type HandlerKind } from './handlers.ts';
import type { Export, Module } from './module.ts';
import { position, unwrap } from './syntax.ts';

/** A handler that a module exports: how callers name it, and what makes it run. */
export interface Handler {
  readonly address: string;
  readonly kind: HandlerKind;
}

/** What one handler module exports. */
export interface HandlerModule {
  /** Its path in the app, with `/`. */
  readonly path: string;
  readonly file: string;
  readonly handlers: ReadonlyMap<string, Handler>;
  /** Other exported values, such as constants; of `export *` only those that can be followed. */
  readonly others: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly text: string;
  /** Real paths of every file that had a say. */
  readonly read: ReadonlySet<string>;
}

const EXPORT_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const MAX_NAME_LENGTH = 214;

interface Name {
  readonly path: string;
  readonly name: string;
  readonly exported: boolean;
}

type Entry = (path: string) => { module: Module; declarations: Declarations };

/** Follows the exports of one entry module to the handlers they stand for. */
export class Collector {
  private readonly root: string;
  private readonly entry: Entry;
  private readonly target: (specifier: string, importer: string) => string | undefined;
  private readonly read = new Set<string>();

  constructor(root: string, entry: Entry, target: (specifier: string, importer: string) => string | undefined) {
    this.root = root;
    this.entry = (path) => {
      this.read.add(join(root, ...path.split('/')));
      return entry(path);
    };
    this.target = (specifier, importer) => {
      const path = target(specifier, importer);
      return path === undefined || path.endsWith('.json') ? undefined : path;
    };
  }

  collect(path: string): HandlerModule {
    const handlers = new Map<string, Handler>();
    const others = new Set<string>();
    const types = new Set<string>();
    const { module, declarations } = this.entry(path);
    const [problem] = declarations.problems;
    if (problem) throw problem;
    const reached = new Set<string>();
    for (const [name, item] of this.exportsOf(path)) {
      if (item.kind === 'type') {
        types.add(name);
        continue;
      }
      const place = this.follow({ path, name, exported: true });
      if (place === undefined) {
        others.add(name);
        continue;
      }
      if (!EXPORT_NAME.test(name) || name.length > MAX_NAME_LENGTH) {
        const own = module.exports.get(name);
        throw new Problem(
          position(module.source, own?.node ?? module.source.program),
          `'${name}' cannot be the name of a handler: it is an identifier (A-Z a-z 0-9 _ $)`,
        );
      }
      if (place.path === path) reached.add(place.name);
      const address = name === 'default' ? path : `${path}#${name}`;
      handlers.set(name, { address, kind: place.kind });
    }
    for (const [name, declaration] of declarations.found) {
      if (!reached.has(name)) {
        throw new Problem(position(module.source, declaration.node), `export this handler: \`export const ${name} = …\``);
      }
    }
    return { path, file: join(this.root, ...path.split('/')), handlers, others, types, text: module.source.text, read: this.read };
  }

  private exportsOf(path: string): Map<string, Export> {
    const found = new Map<string, Export>(this.entry(path).module.exports);
    const seen = new Set([path]);
    const pending = [path];
    for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
      for (const { specifier } of this.entry(here).module.stars) {
        const there = this.target(specifier, here);
        if (there === undefined || seen.has(there)) continue;
        seen.add(there);
        pending.push(there);
        for (const [name, item] of this.entry(there).module.exports) {
          if (name !== 'default' && !found.has(name)) found.set(name, item);
        }
      }
    }
    return found;
  }

  /** The handler that a name stands for, if it is one. */
  private follow(name: Name): { path: string; name: string; kind: HandlerKind } | undefined {
    const pending = [name];
    const seen = new Set<string>();
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      const key = `${step.exported} ${step.path} ${step.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { declarations } = this.entry(step.path);
      const declaration = step.exported ? undefined : declarations.found.get(step.name);
      if (declaration) return { path: step.path, name: step.name, kind: declaration.kind };
      pending.push(...this.next(step));
    }
    return undefined;
  }

  /** What a name stands for, one step on. */
  private next({ path, name, exported }: Name): Name[] {
    const { module } = this.entry(path);
    if (!exported) return this.local(path, name);
    const item = module.exports.get(name);
    switch (item?.kind) {
      case 'local':
        return [{ path, name: item.local, exported: false }];
      case 'value': {
        const value = unwrap(item.value);
        return [{ path, name: value.type === 'Identifier' ? value.name : DEFAULT, exported: false }];
      }
      case 'from':
        return item.name === '*' ? [] : this.there(item.specifier, path, item.name);
      case 'type':
        return [];
      case undefined:
        if (name === 'default') return [];
        return [...module.stars].reverse().flatMap(({ specifier }) => this.there(specifier, path, name));
    }
  }

  private local(path: string, name: string): Name[] {
    const { module } = this.entry(path);
    const binding = module.bindings.get(name);
    if (binding) return binding.imported === '*' ? [] : this.there(binding.specifier, path, binding.imported);
    const constant = module.constants.get(name);
    const value = constant && unwrap(constant);
    return value?.type === 'Identifier' ? [{ path, name: value.name, exported: false }] : [];
  }

  private there(specifier: string, importer: string, name: string): Name[] {
    const path = this.target(specifier, importer);
    return path === undefined ? [] : [{ path, name, exported: true }];
  }
}
