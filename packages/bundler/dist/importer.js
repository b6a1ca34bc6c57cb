import { readModule } from './module.js';
import { parseModule, position } from './syntax.js';
/** Endings of files that are read as they are; others (`.vue`, `.svelte`, …) are read once they are JavaScript. */
export const PLAIN = /\.[cm]?[tj]sx?$/;
/** Read what a module of the front end imports. Throws `Problem` if it is not JavaScript or TypeScript. */
export function readImporter(file, code) {
    const source = parseModule(file, code, !/\.[cm]?ts$/.test(file));
    const module = readModule(source, /\.[cm]?tsx?$/.test(file));
    const uses = new Map();
    const places = new Map();
    const note = (specifier, node, name) => {
        const place = position(source, node);
        if (!places.has(specifier))
            places.set(specifier, place);
        const list = uses.get(specifier) ?? [];
        if (name !== undefined && name !== '*')
            list.push({ name, position: place });
        uses.set(specifier, list);
    };
    for (const statement of source.program.body) {
        if (statement.type === 'ImportDeclaration' && statement.importKind !== 'type')
            note(statement.source.value, statement);
    }
    for (const [local, binding] of module.bindings) {
        if (binding.typeOnly)
            continue;
        note(binding.specifier, binding.node, binding.imported);
        if (binding.imported === '*') {
            for (const [member, node] of members(module, local))
                note(binding.specifier, node, member);
        }
    }
    for (const item of module.exports.values()) {
        if (item.kind === 'from')
            note(item.specifier, item.node, item.name);
    }
    for (const { specifier, node } of [...module.stars, ...module.dynamic])
        note(specifier, node);
    return { uses, places, urls: urls(module) };
}
/** The names that are read of a namespace, as in `todos.add`. */
function* members(module, local) {
    for (const { node, parents } of module.references.get(local) ?? []) {
        const member = parents[0];
        if ((member?.type !== 'MemberExpression' && member?.type !== 'OptionalMemberExpression') || member.object !== node) {
            continue;
        }
        if (!member.computed && member.property.type === 'Identifier')
            yield [member.property.name, member];
        else if (member.property.type === 'StringLiteral')
            yield [member.property.value, member];
    }
}
function urls(module) {
    return (module.references.get('URL') ?? []).flatMap(({ node, parents }) => {
        const made = parents[0];
        const [path, base] = made?.type === 'NewExpression' && made.callee === node ? made.arguments : [];
        const isOwn = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
        return path?.type === 'StringLiteral' && isOwn
            ? [{ specifier: path.value, position: position(module.source, path) }]
            : [];
    });
}
