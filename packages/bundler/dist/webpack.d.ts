import type { Compiler } from 'webpack';
import { Core, type Options } from './core.ts';
export type { Options };
/** What the loader of stubs is given. */
export interface LoaderOptions {
    readonly id: string;
    /** The folder of the module that first asked for the stub: what the SDK is looked up from. */
    readonly asker: string;
}
/** The rules of the compiler that a loader runs in. */
export declare function coreOf(compiler: object): Core | undefined;
/** Replace handler modules by stubs that call them. */
export declare class ProvenPlugin {
    private readonly options;
    constructor(options?: Options);
    apply(compiler: Compiler): void;
}
/** Replace handler modules by stubs that call them. */
export declare function proven(options?: Options): ProvenPlugin;
export default proven;
