import { run } from '@proven-network/handler';
import {
  BITCOIN_MAINNET_RPC,
  BITCOIN_TESTNET_RPC,
  ETHEREUM_HOLESKY_RPC,
  ETHEREUM_MAINNET_RPC,
  ETHEREUM_SEPOLIA_RPC,
  RADIX_MAINNET_RPC,
  RADIX_STOKENET_RPC,
} from '@proven-network/rpc';

export const endpoints = run(() => [
  BITCOIN_MAINNET_RPC,
  BITCOIN_TESTNET_RPC,
  ETHEREUM_HOLESKY_RPC,
  ETHEREUM_MAINNET_RPC,
  ETHEREUM_SEPOLIA_RPC,
  RADIX_MAINNET_RPC,
  RADIX_STOKENET_RPC,
]);
export const askBitcoin = run(async (method: string) => {
  const response = await fetch(BITCOIN_MAINNET_RPC, { method: 'POST', body: JSON.stringify({ method }) });
  return await response.json();
});
export const askRadix = run(() => fetch(RADIX_MAINNET_RPC));
