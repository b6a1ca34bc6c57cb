/** What is wrong with one module, and what to do about it. */
export class Problem extends Error {
    reason;
    position;
    constructor(position, reason) {
        super(`${position.file}:${position.line}:${position.column}: ${reason}`);
        this.name = 'Problem';
        this.position = position;
        this.reason = reason;
    }
    /** The position as Rollup and Vite report it; their columns count from 0. */
    get loc() {
        return { ...this.position, column: this.position.column - 1 };
    }
}
