import { App } from './app.ts';
import type { HandlerModule } from './collector.ts';
import { type Position } from './errors.ts';
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
export declare class Core {
    private readonly options;
    private readonly apps;
    private readonly stubs;
    private readonly importers;
    private readonly codes;
    private readonly root;
    constructor(options?: Options);
    /** The stub of the handler module in a file, or undefined if the file is none. Throws `Problem`. */
    stubOf(file: string): Stub | undefined;
    /** A stub that `stubOf` made, as its module is now. Throws `Problem`. */
    stub(id: string): Stub | undefined;
    /** Every stub that has been asked for. */
    get all(): readonly Stub[];
    /** The app of a folder. */
    app(root: string): App;
    /** Refuse a specifier that front-end code may not import, whatever it leads to. Throws `Problem`. */
    checkSpecifier(specifier: string, importer: string | undefined): void;
    /** Refuse what `importer` may not take from a handler module that it names `specifier`. Throws `Problem`. */
    checkUse(stub: Stub, specifier: string, importer: string | undefined): void;
    /** Refuse `new URL('./todos.ts', import.meta.url)`, which some bundlers answer with a copy. Throws `Problem`. */
    checkUrls(file: string, code: string): void;
    /** Refuse a module whose id leads to the source of a handler module. Throws `Problem`. */
    checkSource(id: string): void;
    /** The last net: refuse to write what holds a handler module as a whole, however encoded. Throws `Problem`. */
    checkOutput(name: string, content: string): void;
    /** Remember the JavaScript of a module that is not written in it, for the checks of what it imports. */
    noteCode(id: string, code: string): void;
    private includes;
    /** Where `importer` asks for `specifier`. */
    place(specifier: string, importer: string | undefined): Position;
    private importer;
}
/** The path in an id, without its query. */
export declare function plainPath(id: string): string;
/** Why front-end code may not take a name from a handler module, or undefined if it may. */
export declare function refusalOf(module: HandlerModule, name: string): string | undefined;
