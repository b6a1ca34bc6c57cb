import type { Position } from './errors.ts';
/** One name that front-end code takes from another module as a value. */
export interface Use {
    readonly name: string;
    readonly position: Position;
}
/** What one module of the front end takes from others. */
export interface Importer {
    /** Names by the specifier they are taken from. `import()` and a namespace passed on whole take no name. */
    readonly uses: ReadonlyMap<string, readonly Use[]>;
    /** Where each specifier is first asked for. */
    readonly places: ReadonlyMap<string, Position>;
    /** Specifiers of `new URL('…', import.meta.url)`. */
    readonly urls: readonly {
        specifier: string;
        position: Position;
    }[];
}
/** Endings of files that are read as they are; others (`.vue`, `.svelte`, …) are read once they are JavaScript. */
export declare const PLAIN: RegExp;
/** Read what a module of the front end imports. Throws `Problem` if it is not JavaScript or TypeScript. */
export declare function readImporter(file: string, code: string): Importer;
