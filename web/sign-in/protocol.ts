/**
 * What the frame and the page that embeds it say to each other, version 1. Every reader takes exactly one
 * form, key for key, and answers undefined for everything else.
 */

export const VERSION = 1;
export const TRANSCRIPT_BYTES = 32;

export type Request =
  | { readonly id: number; readonly type: 'identify' | 'manage'; readonly transcript: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly type: 'cancel' };

export type Answer =
  | {
      readonly id: number;
      readonly type: 'identified';
      readonly publicKey: Uint8Array;
      readonly signature: Uint8Array;
      readonly encryptionKey: CryptoKey;
    }
  | { readonly id: number; readonly type: 'done' }
  | { readonly id: number; readonly type: 'error'; readonly code: string; readonly message: string }
  | { readonly id: 0; readonly type: 'resize'; readonly height: number };

/** What the frame says first, to whoever embeds it: there is no secret in it. */
export const GREETING = { proven: 'sign-in', version: VERSION } as const;

/** Whether `data` is the page's answer to the greeting, for this very application. */
export function isHello(data: unknown, application: string): boolean {
  const fields = plain(data, ['application', 'proven', 'version']);
  return (
    fields !== undefined &&
    fields.proven === 'sign-in' &&
    fields.version === VERSION &&
    fields.application === application
  );
}

/** A message of the page on the port. */
export function readRequest(data: unknown): Request | undefined {
  const asking = plain(data, ['id', 'transcript', 'type']);
  if (asking !== undefined) {
    const { id, type, transcript } = asking;
    if (!isId(id) || (type !== 'identify' && type !== 'manage')) return undefined;
    if (!(transcript instanceof Uint8Array) || transcript.length !== TRANSCRIPT_BYTES) return undefined;
    return { id, type, transcript: new Uint8Array(transcript) };
  }
  const cancelling = plain(data, ['id', 'type']);
  if (cancelling === undefined || !isId(cancelling.id) || cancelling.type !== 'cancel') return undefined;
  return { id: cancelling.id, type: 'cancel' };
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function plain(data: unknown, keys: readonly string[]): Record<string, unknown> | undefined {
  if (typeof data !== 'object' || data === null || Object.getPrototypeOf(data) !== Object.prototype) return undefined;
  const found = Object.keys(data);
  if (found.length !== keys.length || !keys.every((key) => Object.hasOwn(data, key))) return undefined;
  return data as Record<string, unknown>;
}
