import { existsSync, readdirSync, readFileSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import { Collector, type HandlerModule } from './collector.ts';
import { Problem } from './errors.ts';
import { findHandlers, importsHandlers, type Declarations } from './handlers.ts';
import { matchImports } from './package-imports.ts';
import { readAppModule, type Module } from './module.ts';

/** What an app's `package.json` says to the plugins. */
interface Description {
  readonly name?: unknown;
  readonly imports?: unknown;
  readonly proven?: { readonly entries?: unknown };
}

const SUFFIXES = ['.ts', '.mts', '.js', '.mjs', '.json'];
const ENTRY = /(?<!\.d|\.test|\.spec)\.m?[tj]s$/;
const IGNORED = new Set(['node_modules', '.git', '.proven']);
const MAX_FILES = 50_000;

/**
 * An app's folder, read as the node reads it when it builds a package.
 *
 * 1. Handler modules are the app's entry modules: those that `package.json` names in `"proven": {"entries": […]}`,
 *    or else every module under `src/` (or at the top, if none there does) that imports the handler package.
 * 2. What they export is followed through constants, imports and re-exports to the `run…(…)` that declares it.
 * 3. What cannot be told without running the code is refused with its place.
 */
export class App {
  readonly root: string;
  private readonly modules = new Map<string, { stamp: string; module: Module; declarations: Declarations }>();

  /** `root` is the real path of the folder. */
  constructor(root: string) {
    this.root = root;
  }

  /** The name that `package.json` gives it. */
  get name(): string | undefined {
    const name = this.description().name;
    return typeof name === 'string' ? name : undefined;
  }

  /** The path in the app of a real path, or undefined if it is outside or where no module of the app can be. */
  pathOf(file: string): string | undefined {
    const path = relative(this.root, file);
    if (path === '' || path.startsWith(`..${sep}`) || path === '..' || path.includes(':')) return undefined;
    const segments = path.split(sep);
    if (segments.some((segment) => IGNORED.has(segment)) || segments[0] === 'npm') return undefined;
    return segments.join('/');
  }

  /** The handler module at `path`, or undefined if it is none. Throws `Problem`. */
  handlerModule(path: string): HandlerModule | undefined {
    if (!ENTRY.test(path) || !this.isFile(path)) return undefined;
    const stated = this.statedEntries();
    if (stated ? !stated.has(path) : !this.isFoundEntry(path)) {
      if (stated && this.mentionsHandlers(path) && this.declarations(path).found.size > 0) {
        throw new Problem(
          { file: this.file(path), line: 1, column: 1 },
          `it declares handlers and is not an entry module: add "${path}" to "proven": {"entries": […]} in package.json, ` +
            'or import them from the entry module that re-exports them',
        );
      }
      return undefined;
    }
    return this.collect(path);
  }

  private description(): Description {
    try {
      const value: unknown = JSON.parse(readFileSync(this.file('package.json'), 'utf8').replace(/^\uFEFF/, ''));
      return value !== null && typeof value === 'object' ? (value as Description) : {};
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new Problem({ file: this.file('package.json'), line: 1, column: 1 }, `it is not JSON: ${String(error)}`);
    }
  }

  private statedEntries(): Set<string> | undefined {
    const entries = this.description().proven?.entries;
    if (entries === undefined) return undefined;
    if (!Array.isArray(entries) || entries.length === 0 || !entries.every((item) => typeof item === 'string')) {
      throw new Problem(
        { file: this.file('package.json'), line: 1, column: 1 },
        '"proven"."entries" is a list of paths such as "src/todo.ts"',
      );
    }
    return new Set(entries.map((item) => item.replace(/^\.\//, '')));
  }

  private isFoundEntry(path: string): boolean {
    if (path.split('/').some((segment) => segment.startsWith('.'))) return false;
    if (path.startsWith('src/')) return this.importsHandlers(path);
    if (path.includes('/') || !this.importsHandlers(path)) return false;
    return !this.sources().some((other) => this.importsHandlers(other));
  }

  /** The files under `src/` that may be entry modules. */
  private sources(): string[] {
    const found: string[] = [];
    const pending = ['src'];
    let seen = 0;
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      let items: Dirent[];
      try {
        items = readdirSync(this.file(folder), { withFileTypes: true });
      } catch {
        continue;
      }
      for (const item of items) {
        seen += 1;
        if (seen > MAX_FILES) {
          throw new Problem(
            { file: this.file('package.json'), line: 1, column: 1 },
            `there are over ${MAX_FILES} files: name the entry modules in "proven": {"entries": […]}`,
          );
        }
        if (item.name.startsWith('.') || IGNORED.has(item.name)) continue;
        const path = `${folder}/${item.name}`;
        if (item.isDirectory()) pending.push(path);
        else if (ENTRY.test(path)) found.push(path);
      }
    }
    return found.sort();
  }

  private importsHandlers(path: string): boolean {
    return this.mentionsHandlers(path) && importsHandlers(this.module(path));
  }

  private mentionsHandlers(path: string): boolean {
    return this.isFile(path) && readFileSync(this.file(path)).includes('@proven-network/handler');
  }

  private file(path: string): string {
    return join(this.root, ...path.split('/'));
  }

  private isFile(path: string): boolean {
    return statSync(this.file(path), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  private entry(path: string): { module: Module; declarations: Declarations } {
    const file = this.file(path);
    const status = statSync(file);
    const stamp = `${status.mtimeMs} ${status.size} ${status.ino}`;
    const known = this.modules.get(path);
    if (known?.stamp === stamp) return known;
    const bytes = readFileSync(file);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw new Problem({ file, line: 1, column: 1 }, 'it is not UTF-8');
    }
    const module = readAppModule(file, text);
    const fresh = { stamp, module, declarations: findHandlers(module) };
    this.modules.set(path, fresh);
    return fresh;
  }

  private module(path: string): Module {
    return this.entry(path).module;
  }

  private declarations(path: string): Declarations {
    return this.entry(path).declarations;
  }

  private collect(path: string): HandlerModule {
    return new Collector(
      this.root,
      (wanted) => this.entry(wanted),
      (specifier, importer) => this.resolve(specifier, importer),
    ).collect(path);
  }

  /** The app's own file that an import leads to: TypeScript's rules for relative imports, `#imports` by name. */
  private resolve(specifier: string, importer: string): string | undefined {
    if (specifier.startsWith('#')) return this.internal(specifier);
    if (!/^\.\.?(\/|$)/.test(specifier)) return undefined;
    const path = this.pathOf(join(this.root, ...dirname(importer).split('/'), ...specifier.split('/')));
    return path === undefined ? undefined : this.candidate(path);
  }

  private candidate(path: string): string | undefined {
    const typed = /\.m?js$/.test(path) ? [path.replace(/js$/, 'ts')] : [];
    const named = [path, ...typed, ...SUFFIXES.map((suffix) => path + suffix)];
    const found = [...named, ...SUFFIXES.map((suffix) => `${path}/index${suffix}`)].find((item) => this.isFile(item));
    if (found === undefined) return undefined;
    const real = realpathSync(this.file(found));
    return this.pathOf(real) === undefined ? undefined : found;
  }

  private internal(specifier: string): string | undefined {
    const imports = this.description().imports;
    if (imports === null || typeof imports !== 'object') return undefined;
    const target = matchImports(imports as Record<string, unknown>, specifier);
    return target?.startsWith('./') ? this.candidate(target.slice(2)) : undefined;
  }
}

/**
 * The folder of the app that a file belongs to: the nearest one above with a `package.json` that has a name or a
 * `"proven"` section, outside of `node_modules`.
 */
export function appRootOf(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (folder.split(sep).includes('node_modules')) return undefined;
    const description = join(folder, 'package.json');
    if (existsSync(description) && namesApp(description)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function namesApp(description: string): boolean {
  try {
    const value: unknown = JSON.parse(readFileSync(description, 'utf8').replace(/^\uFEFF/, ''));
    return value !== null && typeof value === 'object' && ('name' in value || 'proven' in value);
  } catch {
    return true;
  }
}
