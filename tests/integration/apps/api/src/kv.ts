import { generateEd25519Key } from '@proven-network/crypto';
import { run } from '@proven-network/handler';
import {
  type BytesStore,
  getApplicationBytesStore,
  getApplicationKeyStore,
  getApplicationStore,
  getNftBytesStore,
  getNftKeyStore,
  getNftStore,
  getPersonalBytesStore,
  getPersonalKeyStore,
  getPersonalStore,
  type NftId,
  type StringStore,
} from '@proven-network/kv';

type Scope = 'application' | 'personal';

const text: Record<Scope, StringStore> = {
  application: getApplicationStore('text'),
  personal: getPersonalStore('text'),
};
const bytes: Record<Scope, BytesStore> = {
  application: getApplicationBytesStore('bytes'),
  personal: getPersonalBytesStore('bytes'),
};
const keys = { application: getApplicationKeyStore('keys'), personal: getPersonalKeyStore('keys') };
const nft = getNftStore('text');
const nftBytes = getNftBytesStore('bytes');
const nftKeys = getNftKeyStore('keys');
const unnamed = getApplicationStore();

export const set = run((scope: Scope, key: string, value: string, ttl?: number) =>
  text[scope].set(key, value, { ttl }),
);
export const get = run((scope: Scope, key: string) => text[scope].get(key));
export const getEntry = run((scope: Scope, key: string) => text[scope].getEntry(key));
export const has = run((scope: Scope, key: string) => text[scope].has(key));
export const remove = run((scope: Scope, key: string) => text[scope].delete(key));
export const list = run((scope: Scope, prefix?: string) => text[scope].keys(prefix));
export const entries = run((prefix?: string, options?: { limit?: number; after?: string }) =>
  text.application.entries(prefix, options),
);
export const compareAndSet = run((key: string, version: number, value: string) =>
  text.application.compareAndSet(key, version, value),
);
export const fill = run(async (prefix: string, count: number) => {
  await text.application.transaction(async (tx) => {
    const store = tx.use(text.application);
    for (let i = 0; i < count; i++) await store.set(`${prefix}${String(i).padStart(6, '0')}`, String(i));
  });
});

export const increment = run(async (key: string, times: number) => {
  const next = (value?: string) => String(Number(value ?? 0) + 1);
  await Promise.all(Array.from({ length: times }, () => text.application.update(key, next)));
  return await text.application.get(key);
});
export const updateToNothing = run(async (key: string) => {
  const result = await text.application.update(key, () => undefined);
  return [result, await text.application.has(key)];
});

export const setBytes = run((scope: Scope, key: string, value: Uint8Array) => bytes[scope].set(key, value));
export const getBytes = run((scope: Scope, key: string) => bytes[scope].get(key));

export const setUnnamed = run((key: string, value: string) => unnamed.set(key, value));
export const getNamed = run((name: string, key: string) => getApplicationStore(name).get(key));

// deno-lint-ignore no-explicit-any
export const setAnything = run((value: any) => text.application.set('anything', value));
// deno-lint-ignore no-explicit-any
export const getAnything = run((key: any) => text.application.get(key));
// deno-lint-ignore no-explicit-any
export const openStore = run((name: any) => getApplicationStore(name).storeName);

export const setNft = run((resource: string, id: NftId, key: string, value: string) =>
  nft.set(resource, id, key, value),
);
export const getNft = run((resource: string, id: NftId, key: string) => nft.get(resource, id, key));
export const nftRoundTrip = run(async (resource: string, id: NftId) => {
  const key = generateEd25519Key();
  await nftBytes.set(resource, id, 'b', new Uint8Array([1, 2, 3]));
  await nftKeys.set(resource, id, 'k', key);
  const loaded = await nftKeys.get(resource, id, 'k');
  const total = await nft.transaction(resource, id, async (tx) => {
    const store = tx.use(nft);
    await store.set('total', '3');
    return await store.get('total');
  });
  return [
    await nftBytes.get(resource, id, 'b'),
    await nftBytes.keys(resource, id),
    loaded?.publicKeyHex() === key.publicKeyHex(),
    total,
  ];
});

export const saveKey = run(async (scope: Scope, name: string) => {
  const key = generateEd25519Key();
  await keys[scope].set(name, key);
  return key.publicKeyBytes();
});
export const signWith = run(async (scope: Scope, name: string, data: string | Uint8Array) => {
  const key = await keys[scope].get(name);
  return key && key.sign(data);
});
export const listKeys = run(async () => {
  const listed = await keys.application.entries();
  return listed.map(({ key, value }) => [key, value.publicKeyHex()]);
});

export const transfer = run((from: string, to: string, amount: number) =>
  text.application.transaction(async (tx) => {
    const store = tx.use(text.application);
    const left = Number(await store.get(from)) - amount;
    await store.set(from, String(left));
    await store.set(to, String(Number((await store.get(to)) ?? 0) + amount));
    if (left < 0) throw new RangeError('not enough');
    return left;
  }),
);
export const useOtherScope = run(() =>
  text.application.transaction((tx) => tx.use(text.personal).set('a', 'b')),
);
export const useAfterwards = run(async () => {
  const escaped = await text.application.transaction((tx) => tx.use(text.application));
  await escaped.set('late', 'x');
});
export const leaveOpen = run(async () => {
  let opened = () => {};
  const begun = new Promise<void>((resolve) => (opened = resolve));
  text.application.transaction(async (tx) => {
    await tx.use(text.application).set('left open', 'x');
    opened();
    await new Promise(() => {});
  });
  await begun;
});
export const nested = run(() =>
  text.application.transaction((tx) => tx.use(text.application).transaction(() => 1)),
);
export const setLarge = run(async (size: number) => {
  await text.application.set('large', 'x'.repeat(size));
  return (await text.application.get('large'))?.length;
});
