/** A function that calls the handler at `address` (`src/todos.ts#addTodo`) through the newest `ProvenSDK` of the page. */
export declare function handler<Arguments extends unknown[] = unknown[], Result = unknown>(address: string): (...args: Arguments) => Promise<Result>;
