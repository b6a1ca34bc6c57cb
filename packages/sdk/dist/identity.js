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
} from "./shared-WDOFK4NC.js";
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
