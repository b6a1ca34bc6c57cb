import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A running `proven dev`: where it listens, and the development root its evidence chains to (PEM). */
export interface Presence {
  readonly url: string;
  readonly pid: number;
  readonly applications: readonly string[];
  readonly development_root: string;
}

/** Where running nodes announce themselves: `$XDG_STATE_HOME/proven/nodes`, by default under `~/.local/state`. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'proven', 'nodes');
}

/** The nodes of this user that run now, the newest first. */
export function discover(directory: string = stateDirectory()): Presence[] {
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  const found: { presence: Presence; started: number }[] = [];
  for (const name of names) {
    try {
      const file = join(directory, name);
      const presence: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (isPresence(presence) && isAlive(presence.pid)) found.push({ presence, started: statSync(file).mtimeMs });
    } catch {
      continue;
    }
  }
  return found.sort((left, right) => right.started - left.started).map(({ presence }) => presence);
}

/** The node that runs an application, or the only one there is. */
export function nodeFor(application: string | undefined, nodes: readonly Presence[]): Presence | undefined {
  const matching = nodes.find((node) => application !== undefined && node.applications.includes(application));
  return matching ?? (nodes.length === 1 ? nodes[0] : undefined);
}

function isPresence(value: unknown): value is Presence {
  if (value === null || typeof value !== 'object') return false;
  const { url, pid, applications, development_root: root } = value as Record<string, unknown>;
  return (
    typeof url === 'string' &&
    /^http:\/\/[\w.[\]:-]+$/.test(url) &&
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    Array.isArray(applications) &&
    applications.every((name) => typeof name === 'string') &&
    typeof root === 'string' &&
    root.startsWith('-----BEGIN CERTIFICATE-----') &&
    root.length < 16_384
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
