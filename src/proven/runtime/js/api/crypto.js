import { PrivateKey, PublicKey, Signature, SignatureWithPublicKey, wrapKey } from "./_keys.js";

export default function create(host) {
  return {
    PrivateKey,
    PublicKey,
    Signature,
    SignatureWithPublicKey,
    generateEd25519Key: () => wrapKey(host, host.callSync("crypto.generate")),
  };
}
