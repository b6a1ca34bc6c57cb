import { Problem } from './errors.ts';
import type { Module } from './module.ts';
import { type Node } from './syntax.ts';
export declare const HANDLER_PACKAGE = "@proven-network/handler";
export type HandlerKind = 'rpc' | 'http' | 'schedule' | 'event' | 'radix_event' | 'ethereum_event' | 'bitcoin_event' | 'health_check';
/** The local name of a handler that is exported as `export default run(…)`. */
export declare const DEFAULT = "*default*";
/** One `run…(…)` that is the whole value of a top-level `const` or default export. */
export interface Declaration {
    readonly kind: HandlerKind;
    readonly node: Node;
}
/** The handlers of a module, by the local name that holds each. */
export interface Declarations {
    readonly found: ReadonlyMap<string, Declaration>;
    readonly problems: readonly Problem[];
}
/** Whether a module imports something of `@proven-network/handler` that is not a type. */
export declare function importsHandlers(module: Module): boolean;
/**
 * Find every handler that a module declares, by the rules of the node's own reader (`proven check`).
 *
 * Each use of `run` and its kin is either the declaration of a handler or a problem. What the options of a
 * handler say is for the node to judge.
 */
export declare function findHandlers(module: Module): Declarations;
