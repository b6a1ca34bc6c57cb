/** A running `proven dev`: where it listens, and the development root its evidence chains to (PEM). */
export interface Presence {
    readonly url: string;
    readonly pid: number;
    readonly applications: readonly string[];
    readonly development_root: string;
}
/** Where running nodes announce themselves: `$XDG_STATE_HOME/proven/nodes`, by default under `~/.local/state`. */
export declare function stateDirectory(environment?: NodeJS.ProcessEnv): string;
/** The nodes of this user that run now, the newest first. */
export declare function discover(directory?: string): Presence[];
/** The node that runs an application, or the only one there is. */
export declare function nodeFor(application: string | undefined, nodes: readonly Presence[]): Presence | undefined;
