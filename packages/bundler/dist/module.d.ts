import { type Reference } from './references.ts';
import { type Node, type Source } from './syntax.ts';
/** A name that a module imports: `imported` is the exporter's name for it, `*` for its namespace. */
export interface Binding {
    readonly specifier: string;
    readonly imported: string;
    readonly node: Node;
    /** Whether TypeScript drops it, because it is only used as a type. */
    readonly typeOnly: boolean;
}
/** What an exported name stands for. */
export type Export = {
    readonly kind: 'local';
    readonly local: string;
    readonly node: Node;
} | {
    readonly kind: 'from';
    readonly specifier: string;
    readonly name: string;
    readonly node: Node;
} | {
    readonly kind: 'value';
    readonly value: Node;
    readonly node: Node;
} | {
    readonly kind: 'type';
    readonly node: Node;
};
/** What a module imports, declares and exports. */
export interface Module {
    readonly source: Source;
    readonly bindings: ReadonlyMap<string, Binding>;
    readonly exports: ReadonlyMap<string, Export>;
    /** `export * from`. */
    readonly stars: readonly {
        specifier: string;
        node: Node;
    }[];
    /** Specifiers of `import('…')`. */
    readonly dynamic: readonly {
        specifier: string;
        node: Node;
    }[];
    /** The values of top-level `const`s with a plain name. */
    readonly constants: ReadonlyMap<string, Node>;
    /** The specifiers of what the module loads when it runs. */
    readonly loads: ReadonlySet<string>;
    readonly references: ReadonlyMap<string, readonly Reference[]>;
}
/** Read a module. `typescript` for one in which names that are only types are dropped. Throws `Problem`. */
export declare function readModule(source: Source, typescript: boolean): Module;
/** Read a file of the app, as the node does: TypeScript without JSX, whatever its ending. Throws `Problem`. */
export declare function readAppModule(file: string, text: string): Module;
