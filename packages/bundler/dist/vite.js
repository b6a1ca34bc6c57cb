import { join } from 'node:path';
import { appRootOf } from './app.js';
import { Core } from './core.js';
import { Problem } from './errors.js';
import { discover, nodeFor, stateDirectory } from './presence.js';
import { codes, stubs } from './rollup.js';
const LOCAL_PACKAGE = '@proven-network/bundler/local';
const LOCAL = '\0proven-local';
/**
 * Replace handler modules by stubs that call them.
 *
 * In development, a page is only updated when what it can call changes: the code of handlers runs in the node, which
 * `proven dev` deploys anew. There, `@proven-network/bundler/local` says where that node runs.
 */
export function proven(options = {}) {
    const core = new Core(options);
    /** The stubs that pages were given, or told to fetch, by environment and id. */
    const served = new Map();
    let isServer = false;
    let application = options.application;
    let hasRefused = false;
    const shared = stubs(core, {
        load(context, files, id) {
            const { environment } = context;
            served.set(`${environment.name} ${id}`, core.stub(id.slice(1))?.source ?? '');
            if (isServer)
                watch([...files]);
            else
                for (const file of files)
                    context.addWatchFile(file);
        },
        refuse: () => (hasRefused = true),
    });
    let watch = (_) => { };
    const plugin = {
        ...shared,
        enforce: 'pre',
        config: () => ({
            // Published as modules that share what belongs to one page; bundling them apart would split that.
            optimizeDeps: { exclude: ['@proven-network/sdk', '@proven-network/bundler'] },
            // Workers are built with plugins of their own.
            worker: { plugins: () => [stubs(core), { ...codes(core), enforce: 'post' }] },
        }),
        configResolved(config) {
            isServer = config.command === 'serve';
            const root = options.root ?? appRootOf(join(config.root, 'index.html'));
            application ??= root === undefined ? undefined : core.app(root).name;
        },
        configureServer(server) {
            watch = (files) => void server.watcher.add(files);
            watch([stateDirectory()]);
        },
        hotUpdate: {
            order: 'pre',
            async handler(update) {
                const { moduleGraph, hot, name } = this.environment;
                const reload = () => {
                    hasRefused = false;
                    moduleGraph.invalidateAll();
                    hot.send({ type: 'full-reload' });
                    return [];
                };
                if (update.file.startsWith(stateDirectory())) {
                    const node = moduleGraph.getModuleById(LOCAL);
                    if (node === undefined || served.get(`${name} ${LOCAL}`) === localSource(application))
                        return [];
                    return reload();
                }
                try {
                    // Waits for the end of a save that truncated the file first, which would look like the end of all handlers.
                    if (update.type === 'update')
                        await update.read();
                    if (update.modules.length > 0 && core.stubOf(update.file) !== undefined)
                        return reload();
                    const using = core.all.filter(({ module }) => module.read.has(update.file));
                    if (using.length === 0)
                        return undefined;
                    if (hasRefused)
                        return reload();
                    return [...update.modules, ...changed(core, served, this.environment, using)];
                }
                catch (error) {
                    if (error instanceof Problem)
                        return reload();
                    throw error;
                }
            },
        },
    };
    const local = {
        name: 'proven:local',
        enforce: 'pre',
        apply: 'serve',
        resolveId: { order: 'pre', handler: (specifier) => (specifier === LOCAL_PACKAGE ? LOCAL : null) },
        load: {
            order: 'pre',
            handler(id) {
                if (id !== LOCAL)
                    return null;
                const source = localSource(application);
                served.set(`${this.environment.name} ${LOCAL}`, source);
                return source;
            },
        },
    };
    return [plugin, { ...codes(core), enforce: 'post' }, local];
}
export default proven;
/** The stubs among `using` that are no longer what the pages of an environment were given. They are told once. */
function changed(core, served, environment, using) {
    return using.flatMap((stub) => {
        if (stub === undefined)
            return [];
        const node = environment.moduleGraph.getModuleById(`\0${stub.id}`);
        const source = core.stub(stub.id)?.source ?? '';
        const place = `${environment.name} \0${stub.id}`;
        if (node === undefined || source === served.get(place))
            return [];
        served.set(place, source);
        return [node];
    });
}
function localSource(application) {
    const node = nodeFor(application, discover());
    const local = node ? { gateway: node.url, policy: { development: { root: node.development_root } } } : {};
    return `export const local = ${JSON.stringify(local)};\n`;
}
