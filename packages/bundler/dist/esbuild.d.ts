import type { Plugin } from 'esbuild';
import { type Options } from './core.ts';
export type { Options };
/** Replace handler modules by stubs that call them. Put it first among the plugins. */
export declare function proven(options?: Options): Plugin;
export default proven;
