import { Core, plainPath } from './core.js';
import { Problem } from './errors.js';
import { STUB_PACKAGE } from './stub.js';
/** The beginning of the ids of stubs, which marks them as made up: no other plugin reads a file for one. */
export const STUB = '\0proven:';
/** Replace handler modules by stubs that call them. */
export function proven(options = {}) {
    const core = new Core(options);
    return [
        stubs(core, { load: (context, files) => files.forEach((file) => context.addWatchFile(file)) }),
        { ...codes(core), transform: { order: 'post', handler: codes(core).transform } },
    ];
}
export default proven;
/** The hooks that keep handler modules out, for every bundler with Rollup's. */
export function stubs(core, events = {}) {
    /** The module that first asked for each stub: what the SDK is looked up from. */
    const askers = new Map();
    async function guard(context, action) {
        try {
            return await action();
        }
        catch (error) {
            if (!(error instanceof Problem))
                throw error;
            events.refuse?.(error);
            return context.error({ message: error.message, id: error.position.file, loc: error.loc });
        }
    }
    return {
        name: 'proven',
        resolveId: {
            order: 'pre',
            async handler(specifier, importer, options) {
                if (specifier.startsWith(STUB))
                    return specifier;
                if (specifier === STUB_PACKAGE && importer?.startsWith(STUB)) {
                    const asker = askers.get(importer);
                    const found = asker === undefined ? null : await this.resolve(specifier, asker, { skipSelf: true });
                    return found ?? this.resolve(specifier, core.stub(importer.slice(1))?.module.file, { skipSelf: true });
                }
                return guard(this, async () => {
                    if (importer !== undefined)
                        core.checkSpecifier(specifier, importer);
                    const found = await this.resolve(specifier, importer, { ...options, skipSelf: true });
                    if (found === null || found.external)
                        return found;
                    // Resolvers ask again by path, so what they found may be a stub already.
                    const stub = found.id.startsWith(STUB) ? core.stub(found.id.slice(1)) : core.stubOf(plainPath(found.id));
                    if (stub === undefined)
                        return found;
                    core.checkUse(stub, specifier, importer);
                    const id = `\0${stub.id}`;
                    if (importer !== undefined && !importer.startsWith('\0'))
                        askers.set(id, plainPath(importer));
                    return { id, moduleSideEffects: false };
                });
            },
        },
        load: {
            order: 'pre',
            handler(id) {
                return guard(this, () => {
                    if (!id.startsWith(STUB)) {
                        core.checkSource(id);
                        return null;
                    }
                    const stub = core.stub(id.slice(1));
                    if (stub === undefined)
                        return null;
                    events.load?.(this, stub.module.read, id);
                    return { code: stub.source, map: { mappings: '' } };
                });
            },
        },
        transform: {
            order: 'pre',
            handler(code, id) {
                return guard(this, () => {
                    if (id.startsWith(STUB))
                        return null;
                    core.checkSource(id);
                    core.checkUrls(plainPath(id), code);
                    return null;
                });
            },
        },
        generateBundle: {
            order: 'post',
            handler(_, bundle) {
                return guard(this, () => {
                    for (const output of Object.values(bundle)) {
                        if (output.type === 'chunk') {
                            for (const id of output.moduleIds)
                                core.checkSource(id);
                            core.checkOutput(output.fileName, output.code);
                        }
                        else {
                            core.checkOutput(output.fileName, Buffer.from(output.source).toString());
                        }
                    }
                });
            },
        },
    };
}
/** Shows the core the JavaScript of components and other modules that are not written in it. */
export function codes(core) {
    return {
        name: 'proven:code',
        transform(code, id) {
            core.noteCode(id, code);
            return null;
        },
    };
}
