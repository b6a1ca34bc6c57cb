// Base64 (RFC 4648 §4) in its only form.

import { type Bytes } from '../bytes.ts';

/** Throws a `TypeError` for everything else. */
export function fromBase64(text: string): Bytes {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    throw new TypeError('not base64');
  }
  if (btoa(raw) !== text) throw new TypeError('not base64 in its only form');
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

export const toBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (found) => ({ '+': '-', '/': '_' })[found] ?? '');
