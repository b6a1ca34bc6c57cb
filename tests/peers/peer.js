// Answers JSON requests, one per line, with what other implementations say: {ok: …} or {error: "…"}.
import { createInterface } from 'node:readline';

import * as radix from '@radixdlt/radix-engine-toolkit';
import { Signer, Verifier } from 'bip322-js';
import { Wallet } from 'ethers';
import { SiweMessage } from 'siwe';

const hex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
const toHex = (bytes) => Buffer.from(bytes).toString('hex');

const radixKey = ({ curve, key }) =>
  curve === 'secp256k1' ? new radix.PrivateKey.Secp256k1(hex(key)) : new radix.PrivateKey.Ed25519(hex(key));

const operations = {
  siweParse({ message }) {
    const parsed = new SiweMessage(message);
    return { ...parsed, text: parsed.toMessage() };
  },
  async siweVerify({ message, signature, time, domain, nonce }) {
    const { success } = await new SiweMessage(message).verify(
      { signature, time, domain, nonce },
      { suppressExceptions: true },
    );
    return success;
  },
  siweText: ({ fields }) => new SiweMessage(fields).toMessage(),
  ethereumAddress: ({ key }) => new Wallet(key).address,
  ethereumSign: ({ key, message }) => new Wallet(key).signMessage(message),
  bitcoinSign: ({ key, address, message }) => Signer.sign(key, address, message),
  bitcoinVerify: ({ address, message, signature }) => Verifier.verifySignature(address, message, signature, true),
  async radixAccount({ curve, key, type, network }) {
    const publicKey = radixKey({ curve, key }).publicKey();
    const derive =
      type === 'account'
        ? radix.RadixEngineToolkit.Derive.virtualAccountAddressFromPublicKey
        : radix.RadixEngineToolkit.Derive.virtualIdentityAddressFromPublicKey;
    return { publicKey: publicKey.hexString(), address: String(await derive(publicKey, network)) };
  },
  radixSign: ({ curve, key, hash }) => toHex(radixKey({ curve, key }).sign(hex(hash))),
  async radixDecode({ address }) {
    const decoded = await radix.RadixEngineToolkit.Address.decode(address);
    return { ...decoded, data: toHex(decoded.data) };
  },
  radixSbor: ({ payload }) =>
    radix.RadixEngineToolkit.ScryptoSbor.decodeToString(hex(payload), 1, radix.SerializationMode?.Programmatic ?? 'Programmatic'),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await operations[operation](request)) ?? null };
  } catch (error) {
    answer = { error: String(error?.error?.type ?? error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
