import {
  SEED_BYTES,
  accountId,
  deriveEncryptionKey,
  deriveIdentityKey,
  deriveOwnerKey,
  holdSeed,
  identifyMessage,
  identityId,
  newSeed,
  prfInput,
  sign,
  unwrapSeed,
  wrapSeed
} from "./shared-5X7YSPGD.js";
export {
  SEED_BYTES,
  accountId,
  deriveEncryptionKey,
  deriveIdentityKey,
  deriveOwnerKey,
  holdSeed,
  identifyMessage,
  identityId,
  newSeed,
  prfInput,
  sign,
  unwrapSeed,
  wrapSeed
};
