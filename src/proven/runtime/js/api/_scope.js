// What stores, databases and files have in common: the scope they live in, and how to move one into a transaction.
//
// A target says where the host runs an operation: "application", "personal", [resource, id] for an NFT, or the
// number of an open transaction.

const NFT = "nft";
const RUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const NAME = /^[^\0]{1,128}$/;

const bindings = new WeakMap();

// Radix local ids: #integer#, <string>, [bytes], {ruid}.
function localId(id) {
  if (typeof id === "bigint" || (Number.isSafeInteger(id) && id >= 0)) return `#${id}#`;
  if (typeof id === "string") return RUID.test(id) ? `{${id}}` : `<${id}>`;
  if (id instanceof Uint8Array) return `[${id.toHex()}]`;
  throw new TypeError("an NFT id is a string, a whole number or a Uint8Array");
}

function nftTarget(resource, id) {
  if (typeof resource !== "string" || resource === "") throw new TypeError("an NFT resource address is text");
  return [resource, localId(id)];
}

export function checkName(name, what) {
  if (typeof name !== "string" || !NAME.test(name)) throw new TypeError(`a ${what} name is 1 to 128 characters`);
  return name;
}

// `bind(target)` makes the same object in that target.
export function bindable(object, scope, bind) {
  bindings.set(object, { scope, bind });
  return object;
}

// The NFT form of a class: each method takes resource and id first.
export function nftForm(methods, bind, extra) {
  const form = { ...extra };
  for (const method of methods) {
    form[method] = (resource, id, ...rest) => bind(nftTarget(resource, id))[method](...rest);
  }
  return bindable(Object.freeze(form), NFT, bind);
}

const sameScope = (scope, target) => (Array.isArray(target) ? scope === NFT : scope === target);

// Run `fn(tx)` in a transaction of the scope at `target`: committed when it resolves, rolled back when it throws.
export async function transaction(host, target, fn) {
  if (typeof fn !== "function") throw new TypeError("a transaction takes a function");
  if (typeof target === "number") throw new TypeError("a transaction cannot start another one");
  const id = await host.call("storage.begin", target);
  const tx = Object.freeze({
    use(object) {
      const binding = bindings.get(object);
      if (binding === undefined) throw new TypeError("a transaction uses stores, databases and files");
      if (!sameScope(binding.scope, target)) {
        throw new TypeError(`a transaction of one scope cannot use a store of the ${binding.scope} scope`);
      }
      return binding.bind(id);
    },
  });
  let result;
  try {
    result = await fn(tx);
  } catch (error) {
    // The transaction may be gone already (its time ran out); the first error is the one that matters.
    await host.call("storage.rollback", id).catch(() => {});
    throw error;
  }
  await host.call("storage.commit", id);
  return result;
}
