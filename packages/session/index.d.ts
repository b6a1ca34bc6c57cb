/** Id of whoever calls, as this application sees them; `undefined` for an anonymous caller. */
export function getCurrentIdentity(): string | undefined;

/**
 * Addresses of the chain accounts that the caller has linked to this application, in the order in which they
 * were linked; empty for an anonymous caller and for requests over plain HTTP.
 *
 * Each address is in its one canonical form, so compare them as they are:
 *
 * - Radix: `account_rdx1…`, `identity_rdx1…` (`…_tdx_2_1…` on Stokenet)
 * - Ethereum: `0x…` in the mixed case of EIP-55, the same on every chain; a contract's address names its chain:
 *   `eip155:137:0x…`
 * - Bitcoin: `bc1q…`, `bc1p…` (`tb1…` on testnet and signet)
 *
 * The caller has proven control of each when it was linked. Whether they still control it, or what it owns, is
 * for the chain to say.
 */
export function getCurrentAccounts(): string[];
