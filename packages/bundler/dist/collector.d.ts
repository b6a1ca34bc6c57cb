import { type Declarations, type HandlerKind } from './handlers.ts';
import type { Module } from './module.ts';
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
type Entry = (path: string) => {
    module: Module;
    declarations: Declarations;
};
/** Follows the exports of one entry module to the handlers they stand for. */
export declare class Collector {
    private readonly root;
    private readonly entry;
    private readonly target;
    private readonly read;
    constructor(root: string, entry: Entry, target: (specifier: string, importer: string) => string | undefined);
    collect(path: string): HandlerModule;
    private exportsOf;
    /** The handler that a name stands for, if it is one. */
    private follow;
    /** What a name stands for, one step on. */
    private next;
    private local;
    private there;
}
export {};
