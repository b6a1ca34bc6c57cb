import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

import { App, appRootOf } from './app.ts';
import type { HandlerModule } from './collector.ts';
import { Problem, type Position } from './errors.ts';
import { PLAIN, readImporter, type Importer } from './importer.ts';
import { stubSource } from './stub.ts';

/** What every plugin can be told. */
export interface Options {
  /**
   * The folder of the app, the one that `proven dev` is given. Default: the nearest folder above each handler
   * module whose `package.json` has a name.
   */
  root?: string;
  /** Only modules of the app whose path (`src/todos.ts`) matches are replaced; importing others is an error. */
  include?: RegExp | ((path: string) => boolean);
}

/** Packages that only exist inside the node. */
const SERVER_PACKAGE = /^@proven-network\/(?:crypto|events|files|handler|kv|rpc|session|sql)(?:\/|$)/;

/** Queries that development servers add to tell versions of one module apart. */
const OWN_QUERY = /\?(?:import|[tv]=[\w.-]+)$/;

/** A handler module and what takes its place. */
export interface Stub {
  /** Tells it from every other module of this build, and names no path outside of the app. */
  readonly id: string;
  readonly module: HandlerModule;
  readonly source: string;
}

/**
 * The rules that all plugins share.
 *
 * 1. A handler module never becomes part of the front end: only its stub does, whatever way it is asked for.
 * 2. Front-end code may take from it what can be called, and types. Anything else is an error that says where.
 * 3. Modules that only exist inside the node cannot be imported.
 * 4. What cannot be read or told without running it is refused.
 */
export class Core {
  private readonly options: Options;
  private readonly apps = new Map<string, App>();
  private readonly stubs = new Map<string, Stub>();
  private readonly importers = new Map<string, { stamp: string; importer: Importer }>();
  private readonly codes = new Map<string, string>();
  private readonly root: string | undefined;

  constructor(options: Options = {}) {
    this.options = options;
    if (options.root === undefined) return;
    const root = resolve(options.root);
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(`the \`root\` of the Proven plugin, ${root}, is not a folder: name the app's folder`);
    }
    this.root = realpathSync(root);
  }

  /** The stub of the handler module in a file, or undefined if the file is none. Throws `Problem`. */
  stubOf(file: string): Stub | undefined {
    if (!isAbsolute(file) || !/\.m?[tj]s$/.test(file)) return undefined;
    let real: string;
    try {
      real = realpathSync(file);
    } catch {
      return undefined;
    }
    const root = this.root ?? appRootOf(real);
    if (root === undefined) return undefined;
    const app = this.app(root);
    const path = app.pathOf(real);
    const module = path === undefined ? undefined : app.handlerModule(path);
    if (module === undefined) return undefined;
    if (!this.includes(module.path)) {
      const place = { file: module.file, line: 1, column: 1 };
      throw new Problem(place, 'it is a handler module that the `include` of the Proven plugin leaves out: do not import it');
    }
    const short = createHash('sha256').update(root).digest('hex').slice(0, 8);
    const id = `proven:${short}/${module.path}.js`;
    const stub = { id, module, source: stubSource(module) };
    this.stubs.set(id, stub);
    return stub;
  }

  /** A stub that `stubOf` made, as its module is now. Throws `Problem`. */
  stub(id: string): Stub | undefined {
    const known = this.stubs.get(id);
    if (known === undefined) return undefined;
    const fresh = this.stubOf(known.module.file);
    if (fresh) return fresh;
    const place = { file: known.module.file, line: 1, column: 1 };
    throw new Problem(place, 'it is no handler module any more: start the bundler anew');
  }

  /** Every stub that has been asked for. */
  get all(): readonly Stub[] {
    return [...this.stubs.values()];
  }

  /** The app of a folder. */
  app(root: string): App {
    let app = this.apps.get(root);
    if (app === undefined) this.apps.set(root, (app = new App(root)));
    return app;
  }

  /** Refuse a specifier that front-end code may not import, whatever it leads to. Throws `Problem`. */
  checkSpecifier(specifier: string, importer: string | undefined): void {
    if (!SERVER_PACKAGE.test(specifier)) return;
    const name = specifier.split('/').slice(0, 2).join('/');
    const advice =
      name === '@proven-network/handler'
        ? 'a module that declares handlers is replaced by stubs only if it is an entry module of the app ' +
          '(under `src/`, or named in "proven": {"entries": […]})'
        : 'move what the front end needs into a module that does not import it, or call a handler';
    throw new Problem(
      this.place(specifier, importer),
      `${name} only exists inside the node, and front-end code reaches this import: ${advice}`,
    );
  }

  /** Refuse what `importer` may not take from a handler module that it names `specifier`. Throws `Problem`. */
  checkUse(stub: Stub, specifier: string, importer: string | undefined): void {
    if (/[?#]/.test(specifier.replace(OWN_QUERY, ''))) {
      throw new Problem(
        this.place(specifier, importer),
        `${stub.module.path} is a handler module: it cannot be imported as '${specifier}', which would put its source ` +
          'into the front end; import its handlers by name',
      );
    }
    if (importer === undefined) return;
    for (const { name, position } of this.importer(importer)?.uses.get(specifier) ?? []) {
      const refusal = refusalOf(stub.module, name);
      if (refusal) throw new Problem(position, refusal);
    }
  }

  /** Refuse `new URL('./todos.ts', import.meta.url)`, which some bundlers answer with a copy. Throws `Problem`. */
  checkUrls(file: string, code: string): void {
    if (!code.includes('import.meta') || !code.includes('URL')) return;
    let importer: Importer;
    try {
      importer = readImporter(file, code);
    } catch (error) {
      if (error instanceof Problem) return;
      throw error;
    }
    for (const { specifier, position } of importer.urls) {
      if (!/^\.{0,2}\//.test(specifier)) continue;
      const stub = this.stubOf(join(dirname(file), specifier.replace(/[?#].*$/, '')));
      if (stub) {
        throw new Problem(
          position,
          `${stub.module.path} is a handler module: its URL would put its source into the front end; import its handlers by name`,
        );
      }
    }
  }

  /** Refuse a module whose id leads to the source of a handler module. Throws `Problem`. */
  checkSource(id: string): void {
    const file = plainPath(id.replace(/^\0(?:[a-z-]+:)?/, ''));
    const stub = this.stubOf(file);
    if (stub === undefined) return;
    throw new Problem(
      { file, line: 1, column: 1 },
      `${stub.module.path} is a handler module, and its source would reach the front end by way of '${id}': ` +
        'import its handlers by name, and put the Proven plugin before others',
    );
  }

  /** The last net: refuse to write what holds a handler module as a whole, however encoded. Throws `Problem`. */
  checkOutput(name: string, content: string): void {
    for (const { module } of this.all) {
      if (module.text.trim() === '') continue;
      const forms = [module.text, JSON.stringify(module.text).slice(1, -1), Buffer.from(module.text).toString('base64')];
      if (forms.some((form) => content.includes(form))) {
        throw new Problem(
          { file: module.file, line: 1, column: 1 },
          `the source of this handler module would be written to ${name}: nothing but its handlers can be imported`,
        );
      }
    }
  }

  /** Remember the JavaScript of a module that is not written in it, for the checks of what it imports. */
  noteCode(id: string, code: string): void {
    if (!PLAIN.test(id)) this.codes.set(id, code);
  }

  private includes(path: string): boolean {
    const { include } = this.options;
    if (include === undefined) return true;
    return typeof include === 'function' ? include(path) : include.test(path);
  }

  /** Where `importer` asks for `specifier`. */
  place(specifier: string, importer: string | undefined): Position {
    if (importer === undefined) return { file: specifier, line: 1, column: 1 };
    const file = plainPath(importer);
    return this.importer(importer)?.places.get(specifier) ?? { file, line: 1, column: 1 };
  }

  private importer(id: string): Importer | undefined {
    const file = plainPath(id);
    const generated = this.codes.get(id);
    try {
      if (generated !== undefined) return readImporter(file, generated);
      if (!PLAIN.test(file) || !existsSync(file)) return undefined;
      const { mtimeMs, size } = statSync(file);
      const stamp = `${mtimeMs} ${size}`;
      const known = this.importers.get(file);
      if (known?.stamp === stamp) return known.importer;
      const importer = readImporter(file, readFileSync(file, 'utf8'));
      this.importers.set(file, { stamp, importer });
      return importer;
    } catch (error) {
      // The bundler says what is wrong with a module of the front end, in its own words.
      if (error instanceof Problem) return undefined;
      throw error;
    }
  }
}

/** The path in an id, without its query. */
export function plainPath(id: string): string {
  return id.replace(/[?#].*$/, '');
}

/** Why front-end code may not take a name from a handler module, or undefined if it may. */
export function refusalOf(module: HandlerModule, name: string): string | undefined {
  const handler = module.handlers.get(name);
  if (handler?.kind === 'rpc' || module.types.has(name)) return undefined;
  const what = name === 'default' ? 'the default export' : `'${name}'`;
  const next = `export it from a module of its own that does not import ${'@proven-network/…'}, and import that`;
  if (handler) {
    return `${what} of ${module.path} runs on ${RUNS_ON[handler.kind]}, and cannot be called from the front end: ${
      handler.kind === 'http' ? '`fetch` its path' : 'declare what the page calls with `run(…)`'
    }`;
  }
  if (module.others.has(name)) {
    return `${what} of ${module.path} is no handler, and nothing else of a handler module reaches the front end: ${next}; or make it a handler with \`run(…)\``;
  }
  const callable = [...module.handlers].filter(([, item]) => item.kind === 'rpc').map(([key]) => key);
  return `${module.path} exports no ${what}; front-end code can call ${callable.join(', ') || 'none of its exports'}`;
}

const RUNS_ON = {
  rpc: 'calls',
  http: 'HTTP requests',
  schedule: 'a schedule',
  event: 'events',
  radix_event: 'events',
  ethereum_event: 'events',
  bitcoin_event: 'events',
  health_check: 'health checks',
} as const;
