import { STUB_PACKAGE } from './stub.js';
import { coreOf } from './webpack.js';
/** Never reached: `pitch` answers before the handler module is read. */
export default function loader() {
    throw new Error('a handler module was read in place of its stub');
}
/** The stub, instead of the handler module. */
export function pitch() {
    const done = this.async();
    const { id, asker } = this.getOptions();
    const compiler = this._compiler;
    const stub = compiler === undefined ? undefined : coreOf(compiler)?.stub(id);
    if (stub === undefined) {
        done(new Error(`there is no handler module ${id}`));
        return;
    }
    for (const file of stub.module.read)
        this.addDependency(file);
    this.getResolve({ dependencyType: 'esm' })(asker, STUB_PACKAGE).then((found) => {
        const path = typeof found === 'string' ? this.utils.contextify(this.context, found) : STUB_PACKAGE;
        done(null, stub.source.replace(`from '${STUB_PACKAGE}'`, () => `from ${JSON.stringify(path)}`));
    }, (error) => done(error));
}
