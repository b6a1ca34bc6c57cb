/** Publish `payload` to the handlers that run on this application's event `name`. Resolves once it is accepted. */
export function publish(name: string, payload?: unknown): Promise<void>;
