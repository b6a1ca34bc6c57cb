import type { Plugin } from 'vite';
import { type Options as CoreOptions } from './core.ts';
/** What the plugin can be told. */
export interface Options extends CoreOptions {
    /** The name that `proven dev` runs the app under. Default: that of its `package.json`. */
    application?: string;
}
/**
 * Replace handler modules by stubs that call them.
 *
 * In development, a page is only updated when what it can call changes: the code of handlers runs in the node, which
 * `proven dev` deploys anew. There, `@proven-network/bundler/local` says where that node runs.
 */
export declare function proven(options?: Options): Plugin[];
export default proven;
