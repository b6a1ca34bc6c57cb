import { generateEd25519Key, type PrivateKey } from '@proven-network/crypto';
import { run } from '@proven-network/handler';

export const signing = run((message: string | Uint8Array) => {
  const key = generateEd25519Key();
  const withKey = key.signToSignatureWithPublicKey(message);
  return {
    publicKey: key.publicKey().bytes,
    hex: key.publicKeyHex(),
    text: `${key.publicKey()}`,
    curve: key.curve,
    signature: key.signToSignature(message).bytes,
    same: key.sign(message),
    produced: key.produceSignature(new Uint8Array([1, 2, 3])),
    withKey: [withKey.signature, withKey.publicKey],
    verified: key.verify(message, key.sign(message)),
    refused: key.verify(message, new Uint8Array(64)),
  };
});

// Everything about a key that code in the guest can reach, as text.
export const everythingVisible = run(() => {
  const key = generateEd25519Key();
  const seen = new Set<unknown>();
  const found: string[] = [];
  const look = (value: unknown, depth: number) => {
    if (depth > 6 || value === null || seen.has(value)) return;
    if (value instanceof Uint8Array) {
      found.push(value.toHex());
      return;
    }
    if (typeof value !== 'object' && typeof value !== 'function') {
      found.push(String(value));
      return;
    }
    seen.add(value);
    for (const name of Reflect.ownKeys(value as object)) {
      found.push(String(name));
      try {
        look((value as Record<PropertyKey, unknown>)[name], depth + 1);
      } catch {
        // An accessor that needs another receiver shows nothing.
      }
    }
    look(Object.getPrototypeOf(value), depth + 1);
  };
  look(key, 0);
  for (const method of ['publicKey', 'publicKeyBytes', 'publicKeyHex', 'toString', 'valueOf'] as const) {
    look((key as unknown as Record<string, () => unknown>)[method]?.(), 0);
  }
  return [key.publicKeyHex(), JSON.stringify(key), String(key), found];
});

export const copying = run(() => {
  const key = generateEd25519Key();
  const outcomes: string[] = [];
  const attempt = (name: string, action: () => unknown) => {
    try {
      outcomes.push(`${name}: ${String(action())}`);
    } catch (error) {
      outcomes.push(`${name}: ${(error as Error).name}`);
    }
  };
  attempt('forged', () => Object.create(Object.getPrototypeOf(key)).sign('x'));
  attempt('constructed', () => new (key.constructor as new (...args: unknown[]) => PrivateKey)(1).sign('x'));
  attempt('spread', () => ({ ...key } as { sign?: unknown }).sign);
  return outcomes;
});
export const returned = run(() => generateEd25519Key());

let kept: PrivateKey | undefined;
export const keep = run(() => {
  kept = generateEd25519Key();
});
export const useKept = run(() => kept?.sign('x'));
// deno-lint-ignore no-explicit-any
export const signAnything = run((data: any) => generateEd25519Key().sign(data));
