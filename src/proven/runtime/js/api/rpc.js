// `.internal` never resolves on the public internet: only the node's fetch knows these names.
const endpoint = (name) => `https://${name}.rpc.internal/`;

const endpoints = Object.freeze({
  BITCOIN_MAINNET_RPC: endpoint("bitcoin-mainnet"),
  BITCOIN_TESTNET_RPC: endpoint("bitcoin-testnet"),
  ETHEREUM_HOLESKY_RPC: endpoint("ethereum-holesky"),
  ETHEREUM_MAINNET_RPC: endpoint("ethereum-mainnet"),
  ETHEREUM_SEPOLIA_RPC: endpoint("ethereum-sepolia"),
  RADIX_MAINNET_RPC: endpoint("radix-mainnet"),
  RADIX_STOKENET_RPC: endpoint("radix-stokenet"),
});

export default function create() {
  return { ...endpoints };
}
