import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
/** Where running nodes announce themselves: `$XDG_STATE_HOME/proven/nodes`, by default under `~/.local/state`. */
export function stateDirectory(environment = process.env) {
    return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'proven', 'nodes');
}
/** The nodes of this user that run now, the newest first. */
export function discover(directory = stateDirectory()) {
    let names;
    try {
        names = readdirSync(directory).filter((name) => name.endsWith('.json'));
    }
    catch {
        return [];
    }
    const found = [];
    for (const name of names) {
        try {
            const file = join(directory, name);
            const presence = JSON.parse(readFileSync(file, 'utf8'));
            if (isPresence(presence) && isAlive(presence.pid))
                found.push({ presence, started: statSync(file).mtimeMs });
        }
        catch {
            continue;
        }
    }
    return found.sort((left, right) => right.started - left.started).map(({ presence }) => presence);
}
/** The node that runs an application, or the only one there is. */
export function nodeFor(application, nodes) {
    const matching = nodes.find((node) => application !== undefined && node.applications.includes(application));
    return matching ?? (nodes.length === 1 ? nodes[0] : undefined);
}
function isPresence(value) {
    if (value === null || typeof value !== 'object')
        return false;
    const { url, pid, applications, development_root: root } = value;
    return (typeof url === 'string' &&
        /^http:\/\/[\w.[\]:-]+$/.test(url) &&
        Number.isSafeInteger(pid) &&
        pid > 0 &&
        Array.isArray(applications) &&
        applications.every((name) => typeof name === 'string') &&
        typeof root === 'string' &&
        root.startsWith('-----BEGIN CERTIFICATE-----') &&
        root.length < 16_384);
}
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    }
    catch (error) {
        return error.code === 'EPERM';
    }
}
