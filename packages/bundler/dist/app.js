import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { Collector } from './collector.js';
import { Problem } from './errors.js';
import { findHandlers, importsHandlers } from './handlers.js';
import { matchImports } from './package-imports.js';
import { readAppModule } from './module.js';
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
    root;
    modules = new Map();
    /** `root` is the real path of the folder. */
    constructor(root) {
        this.root = root;
    }
    /** The name that `package.json` gives it. */
    get name() {
        const name = this.description().name;
        return typeof name === 'string' ? name : undefined;
    }
    /** The path in the app of a real path, or undefined if it is outside or where no module of the app can be. */
    pathOf(file) {
        const path = relative(this.root, file);
        if (path === '' || path.startsWith(`..${sep}`) || path === '..' || path.includes(':'))
            return undefined;
        const segments = path.split(sep);
        if (segments.some((segment) => IGNORED.has(segment)) || segments[0] === 'npm')
            return undefined;
        return segments.join('/');
    }
    /** The handler module at `path`, or undefined if it is none. Throws `Problem`. */
    handlerModule(path) {
        if (!ENTRY.test(path) || !this.isFile(path))
            return undefined;
        const stated = this.statedEntries();
        if (stated ? !stated.has(path) : !this.isFoundEntry(path)) {
            if (stated && this.mentionsHandlers(path) && this.declarations(path).found.size > 0) {
                throw new Problem({ file: this.file(path), line: 1, column: 1 }, `it declares handlers and is not an entry module: add "${path}" to "proven": {"entries": […]} in package.json, ` +
                    'or import them from the entry module that re-exports them');
            }
            return undefined;
        }
        return this.collect(path);
    }
    description() {
        try {
            const value = JSON.parse(readFileSync(this.file('package.json'), 'utf8').replace(/^\uFEFF/, ''));
            return value !== null && typeof value === 'object' ? value : {};
        }
        catch (error) {
            if (error.code === 'ENOENT')
                return {};
            throw new Problem({ file: this.file('package.json'), line: 1, column: 1 }, `it is not JSON: ${String(error)}`);
        }
    }
    statedEntries() {
        const entries = this.description().proven?.entries;
        if (entries === undefined)
            return undefined;
        if (!Array.isArray(entries) || entries.length === 0 || !entries.every((item) => typeof item === 'string')) {
            throw new Problem({ file: this.file('package.json'), line: 1, column: 1 }, '"proven"."entries" is a list of paths such as "src/todo.ts"');
        }
        return new Set(entries.map((item) => item.replace(/^\.\//, '')));
    }
    isFoundEntry(path) {
        if (path.split('/').some((segment) => segment.startsWith('.')))
            return false;
        if (path.startsWith('src/'))
            return this.importsHandlers(path);
        if (path.includes('/') || !this.importsHandlers(path))
            return false;
        return !this.sources().some((other) => this.importsHandlers(other));
    }
    /** The files under `src/` that may be entry modules. */
    sources() {
        const found = [];
        const pending = ['src'];
        let seen = 0;
        for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
            let items;
            try {
                items = readdirSync(this.file(folder), { withFileTypes: true });
            }
            catch {
                continue;
            }
            for (const item of items) {
                seen += 1;
                if (seen > MAX_FILES) {
                    throw new Problem({ file: this.file('package.json'), line: 1, column: 1 }, `there are over ${MAX_FILES} files: name the entry modules in "proven": {"entries": […]}`);
                }
                if (item.name.startsWith('.') || IGNORED.has(item.name))
                    continue;
                const path = `${folder}/${item.name}`;
                if (item.isDirectory())
                    pending.push(path);
                else if (ENTRY.test(path))
                    found.push(path);
            }
        }
        return found.sort();
    }
    importsHandlers(path) {
        return this.mentionsHandlers(path) && importsHandlers(this.module(path));
    }
    mentionsHandlers(path) {
        return this.isFile(path) && readFileSync(this.file(path)).includes('@proven-network/handler');
    }
    file(path) {
        return join(this.root, ...path.split('/'));
    }
    isFile(path) {
        return statSync(this.file(path), { throwIfNoEntry: false })?.isFile() ?? false;
    }
    entry(path) {
        const file = this.file(path);
        const status = statSync(file);
        const stamp = `${status.mtimeMs} ${status.size} ${status.ino}`;
        const known = this.modules.get(path);
        if (known?.stamp === stamp)
            return known;
        const bytes = readFileSync(file);
        let text;
        try {
            text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        }
        catch {
            throw new Problem({ file, line: 1, column: 1 }, 'it is not UTF-8');
        }
        const module = readAppModule(file, text);
        const fresh = { stamp, module, declarations: findHandlers(module) };
        this.modules.set(path, fresh);
        return fresh;
    }
    module(path) {
        return this.entry(path).module;
    }
    declarations(path) {
        return this.entry(path).declarations;
    }
    collect(path) {
        return new Collector(this.root, (wanted) => this.entry(wanted), (specifier, importer) => this.resolve(specifier, importer)).collect(path);
    }
    /** The app's own file that an import leads to: TypeScript's rules for relative imports, `#imports` by name. */
    resolve(specifier, importer) {
        if (specifier.startsWith('#'))
            return this.internal(specifier);
        if (!/^\.\.?(\/|$)/.test(specifier))
            return undefined;
        const path = this.pathOf(join(this.root, ...dirname(importer).split('/'), ...specifier.split('/')));
        return path === undefined ? undefined : this.candidate(path);
    }
    candidate(path) {
        const typed = /\.m?js$/.test(path) ? [path.replace(/js$/, 'ts')] : [];
        const named = [path, ...typed, ...SUFFIXES.map((suffix) => path + suffix)];
        const found = [...named, ...SUFFIXES.map((suffix) => `${path}/index${suffix}`)].find((item) => this.isFile(item));
        if (found === undefined)
            return undefined;
        const real = realpathSync(this.file(found));
        return this.pathOf(real) === undefined ? undefined : found;
    }
    internal(specifier) {
        const imports = this.description().imports;
        if (imports === null || typeof imports !== 'object')
            return undefined;
        const target = matchImports(imports, specifier);
        return target?.startsWith('./') ? this.candidate(target.slice(2)) : undefined;
    }
}
/**
 * The folder of the app that a file belongs to: the nearest one above with a `package.json` that has a name or a
 * `"proven"` section, outside of `node_modules`.
 */
export function appRootOf(file) {
    for (let folder = dirname(file);; folder = dirname(folder)) {
        if (folder.split(sep).includes('node_modules'))
            return undefined;
        const description = join(folder, 'package.json');
        if (existsSync(description) && namesApp(description))
            return folder;
        if (dirname(folder) === folder)
            return undefined;
    }
}
function namesApp(description) {
    try {
        const value = JSON.parse(readFileSync(description, 'utf8').replace(/^\uFEFF/, ''));
        return value !== null && typeof value === 'object' && ('name' in value || 'proven' in value);
    }
    catch {
        return true;
    }
}
