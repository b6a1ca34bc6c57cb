import { type HandlerModule } from './collector.ts';
/**
 * An app's folder, read as the node reads it when it builds a package.
 *
 * 1. Handler modules are the app's entry modules: those that `package.json` names in `"proven": {"entries": […]}`,
 *    or else every module under `src/` (or at the top, if none there does) that imports the handler package.
 * 2. What they export is followed through constants, imports and re-exports to the `run…(…)` that declares it.
 * 3. What cannot be told without running the code is refused with its place.
 */
export declare class App {
    readonly root: string;
    private readonly modules;
    /** `root` is the real path of the folder. */
    constructor(root: string);
    /** The name that `package.json` gives it. */
    get name(): string | undefined;
    /** The path in the app of a real path, or undefined if it is outside or where no module of the app can be. */
    pathOf(file: string): string | undefined;
    /** The handler module at `path`, or undefined if it is none. Throws `Problem`. */
    handlerModule(path: string): HandlerModule | undefined;
    private description;
    private statedEntries;
    private isFoundEntry;
    /** The files under `src/` that may be entry modules. */
    private sources;
    private importsHandlers;
    private mentionsHandlers;
    private file;
    private isFile;
    private entry;
    private module;
    private declarations;
    private collect;
    /** The app's own file that an import leads to: TypeScript's rules for relative imports, `#imports` by name. */
    private resolve;
    private candidate;
    private internal;
}
/**
 * The folder of the app that a file belongs to: the nearest one above with a `package.json` that has a name or a
 * `"proven"` section, outside of `node_modules`.
 */
export declare function appRootOf(file: string): string | undefined;
