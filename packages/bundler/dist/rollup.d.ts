import type { NormalizedOutputOptions, OutputBundle, Plugin, PluginContext } from 'rollup';
import { Core, type Options } from './core.ts';
import { Problem } from './errors.ts';
export type { Options };
/** The beginning of the ids of stubs, which marks them as made up: no other plugin reads a file for one. */
export declare const STUB = "\0proven:";
/** Replace handler modules by stubs that call them. */
export declare function proven(options?: Options): Plugin[];
export default proven;
/** What a bundler does of its own on some events. */
export interface Events {
    /** A stub is made from these files. */
    load?(context: PluginContext, files: ReadonlySet<string>, id: string): void;
    /** Something is refused. */
    refuse?(problem: Problem): void;
}
/** The hooks that keep handler modules out, for every bundler with Rollup's. */
export declare function stubs(core: Core, events?: Events): {
    name: string;
    resolveId: {
        order: "pre";
        handler(this: PluginContext, specifier: string, importer: string | undefined, options: {
            attributes: Record<string, string>;
            custom?: import("rollup").CustomPluginOptions;
            importerAttributes?: Record<string, string> | undefined;
            isEntry: boolean;
        }): Promise<string | import("rollup").ResolvedId | {
            id: string;
            moduleSideEffects: false;
        } | null>;
    };
    load: {
        order: "pre";
        handler(this: PluginContext, id: string): Promise<{
            code: string;
            map: {
                mappings: "";
            };
        } | null>;
    };
    transform: {
        order: "pre";
        handler(this: import("rollup").TransformPluginContext, code: string, id: string): Promise<null>;
    };
    generateBundle: {
        order: "post";
        handler(this: PluginContext, _: NormalizedOutputOptions, bundle: OutputBundle): Promise<void>;
    };
};
/** Shows the core the JavaScript of components and other modules that are not written in it. */
export declare function codes(core: Core): {
    name: string;
    transform(code: string, id: string): null;
};
