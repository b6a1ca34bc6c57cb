import { dirname, join, resolve } from 'node:path';
import { Core } from './core.js';
import { Problem } from './errors.js';
const NAMESPACE = 'proven';
const STUB_KINDS = new Set(['entry-point', 'import-statement', 'require-call', 'dynamic-import']);
/** Replace handler modules by stubs that call them. Put it first among the plugins. */
export function proven(options = {}) {
    return {
        name: 'proven',
        setup(build) {
            const core = new Core(options);
            build.initialOptions.metafile = true;
            build.onResolve({ filter: /.*/ }, (args) => resolveImport(core, build, args));
            build.onLoad({ filter: /.*/, namespace: NAMESPACE }, (args) => {
                try {
                    const stub = core.stub(args.path);
                    if (stub === undefined)
                        return { errors: [{ text: `there is no handler module ${args.path}` }] };
                    const { asker } = args.pluginData;
                    return { contents: stub.source, loader: 'js', resolveDir: asker, watchFiles: [...stub.module.read] };
                }
                catch (error) {
                    return { errors: [message(error)], watchFiles: error instanceof Problem ? [error.position.file] : [] };
                }
            });
            build.onLoad({ filter: /\.m?[jt]s$/, namespace: 'file' }, (args) => {
                try {
                    core.checkSource(args.path);
                    return undefined;
                }
                catch (error) {
                    return { errors: [message(error)] };
                }
            });
            build.onEnd((result) => {
                const folder = resolve(build.initialOptions.absWorkingDir ?? '.');
                const errors = [];
                for (const input of Object.keys(result.metafile?.inputs ?? {})) {
                    try {
                        if (!input.startsWith(`${NAMESPACE}:`))
                            core.checkSource(join(folder, input));
                    }
                    catch (error) {
                        errors.push(message(error));
                    }
                }
                return { errors };
            });
        },
    };
}
export default proven;
async function resolveImport(core, build, args) {
    if (args.pluginData?.isProven)
        return undefined;
    const importer = args.namespace === 'file' && args.importer !== '' ? args.importer : undefined;
    try {
        if (args.namespace !== NAMESPACE)
            core.checkSpecifier(args.path, importer);
        const found = await build.resolve(args.path, {
            importer: args.importer,
            namespace: args.namespace,
            resolveDir: args.resolveDir,
            kind: args.kind,
            with: args.with,
            pluginData: { isProven: true },
        });
        const stub = found.errors.length === 0 && !found.external ? core.stubOf(found.path) : undefined;
        if (stub === undefined)
            return { ...found, pluginData: args.pluginData };
        core.checkUse(stub, args.path, importer);
        if (!STUB_KINDS.has(args.kind) || Object.keys(args.with).length > 0 || found.suffix) {
            throw new Problem(core.place(args.path, importer), `${stub.module.path} is a handler module: only its handlers can be imported, by name`);
        }
        const asker = importer === undefined ? dirname(stub.module.file) : dirname(importer);
        return { path: stub.id, namespace: NAMESPACE, sideEffects: false, pluginData: { asker } };
    }
    catch (error) {
        return { errors: [message(error)] };
    }
}
function message(error) {
    if (!(error instanceof Problem))
        throw error;
    const { file, line, column } = error.position;
    return { text: error.message, location: { file, line, column: column - 1 } };
}
