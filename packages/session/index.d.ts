/** Id of whoever calls, as this application sees them; `undefined` for an anonymous caller. */
export function getCurrentIdentity(): string | undefined;

/** Addresses of the chain accounts the caller has linked. */
export function getCurrentAccounts(): string[];
