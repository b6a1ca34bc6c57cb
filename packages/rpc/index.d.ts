/** Addresses that `fetch` reaches from any handler; the node forwards to the endpoint it trusts for that chain. */
export const BITCOIN_MAINNET_RPC: string;
export const BITCOIN_TESTNET_RPC: string;
export const ETHEREUM_HOLESKY_RPC: string;
export const ETHEREUM_MAINNET_RPC: string;
export const ETHEREUM_SEPOLIA_RPC: string;
export const RADIX_MAINNET_RPC: string;
export const RADIX_STOKENET_RPC: string;
