import type { Bytes } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';

const TIMEOUT = 20_000;
const MAX_ERROR = 16 * 1024;

/**
 * Post `body` to the frame's own node and read at most `maxBytes` of its answer. Throws `ProvenError`: what the
 * node says in the clear, `UNAVAILABLE`, `REQUEST_TIMEOUT` or `TOO_LARGE`.
 */
export async function fetchBytes(path: string, body: Bytes, maxBytes: number): Promise<Bytes> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/cose' },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.ok) return await read(response, maxBytes);
    throw errorOf(await read(response, MAX_ERROR), response.status);
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ProvenError(late ? 'REQUEST_TIMEOUT' : 'UNAVAILABLE', 'the node cannot be reached', { cause: error });
  }
}

async function read(response: Response, maxBytes: number): Promise<Bytes> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (const reader = response.body?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new ProvenError('TOO_LARGE', `the node answered more than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function errorOf(body: Bytes, status: number): ProvenError {
  try {
    return ProvenError.fromRecord(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return new ProvenError('UNAVAILABLE', `the node answered with status ${status}`);
  }
}
