import {
  SEED_BYTES,
  accountId,
  deriveEncryptionKey,
  deriveIdentityKey,
  holdSeed,
  identifyMessage,
  identityId,
  newSeed,
  prfInput,
  sign,
  unwrapSeed,
  wrapSeed
} from "./shared-RPO24DUA.js";
export {
  SEED_BYTES,
  accountId,
  deriveEncryptionKey,
  deriveIdentityKey,
  holdSeed,
  identifyMessage,
  identityId,
  newSeed,
  prfInput,
  sign,
  unwrapSeed,
  wrapSeed
};
