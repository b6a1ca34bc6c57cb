import { type Node, type Source } from './syntax.ts';
/** One place where the value of a name of the module is used, with the nodes around it from the inside out. */
export interface Reference {
    readonly node: Node;
    readonly parents: readonly Node[];
}
/** What the names in a module refer to. */
export interface References {
    /**
     * Every place where a name of the module's own scope is used as a value, by name. Names that an inner scope
     * declares anew, keys, labels and everything in types are left out, and so are the imports that declare a name.
     */
    readonly uses: Map<string, Reference[]>;
    /** Names that stand for a value anywhere, in whatever scope: imports of others are dropped as types. */
    readonly mentions: Set<string>;
}
export declare function references(source: Source): References;
