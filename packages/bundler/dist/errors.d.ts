/** Where something is wrong. Lines and columns count from 1. */
export interface Position {
    readonly file: string;
    readonly line: number;
    readonly column: number;
}
/** What is wrong with one module, and what to do about it. */
export declare class Problem extends Error {
    readonly reason: string;
    readonly position: Position;
    constructor(position: Position, reason: string);
    /** The position as Rollup and Vite report it; their columns count from 0. */
    get loc(): {
        file: string;
        line: number;
        column: number;
    };
}
