import { type Node, type Source } from './syntax.ts';
/** One place where the value of a name of the module is used, with the nodes around it from the inside out. */
export interface Reference {
    readonly node: Node;
    readonly parents: readonly Node[];
}
/**
 * Every place where a name of the module's own scope is used as a value, by name.
 *
 * Names that an inner scope declares anew, keys, labels and everything in types are left out. The imports that
 * declare a name are no use of it.
 */
export declare function references(source: Source): Map<string, Reference[]>;
