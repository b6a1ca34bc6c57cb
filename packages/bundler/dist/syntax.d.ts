import type { Node, Program } from '@babel/types';
import { type Position } from './errors.ts';
export type { Node, Program };
/** One parsed module; `file` is what positions name. */
export interface Source {
    readonly file: string;
    readonly text: string;
    readonly program: Program;
}
/** Parse TypeScript or JavaScript, with JSX where `jsx` says so. Throws `Problem`. */
export declare function parseModule(file: string, text: string, jsx?: boolean): Source;
export declare function position(source: Source, node: Node): Position;
/** The children of a node, in the order they are written. */
export declare function children(node: Node): Node[];
/** The expression inside parentheses, `as`, `satisfies`, `!` and `<T>`. */
export declare function unwrap(node: Node): Node;
/** Whether the value of an expression is that of the one expression inside it. */
export declare function isWrapper(node: Node): boolean;
/** The name of an import or export specifier, which may be written as a string. */
export declare function moduleName(node: Node): string;
/** The names that a binding pattern declares. */
export declare function patternNames(pattern: Node | null | undefined): string[];
