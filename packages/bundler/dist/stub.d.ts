import type { HandlerModule } from './collector.ts';
/** The module that makes stubs call the page's `ProvenSDK`. */
export declare const STUB_PACKAGE = "@proven-network/sdk/stub";
/**
 * The source of the module that takes the place of a handler module: for each handler that can be called, a
 * function of the same name that calls it. Nothing of the handler module but names is in it.
 */
export declare function stubSource(module: HandlerModule): string;
