// How sealed frames travel: over one WebSocket, or as one HTTP request each. Neither is trusted.

import { type Bytes, concat } from './bytes.ts';
import { asProvenError, ProvenError } from './errors.ts';
import { MAX_FRAME, MAX_RESPONSE } from './session.ts';

const MAX_DESCRIPTION = 1024 * 1024;
const MAX_REFUSAL = 64 * 1024;
const REQUEST_TIMEOUT = 120_000;
const CONNECT_TIMEOUT = 10_000;
const MAX_BUFFERED = 4 * MAX_FRAME;

/** Carries frames of one session. */
export interface Transport {
  readonly kind: 'websocket' | 'http';
  /** `onFrame` gets what comes back, `onLost` the end. Call it once, before anything is sent. */
  start(onFrame: (frame: Bytes) => void, onLost: (reason: ProvenError) => void): void;
  /** Throws `NotSent` if the frame certainly does not arrive. Over HTTP it resolves after the answer. */
  send(frame: Bytes): Promise<void>;
  close(): void;
}

/** Says of an error that what was to be sent has surely not been. */
export class NotSent {
  readonly reason: ProvenError;

  constructor(reason: ProvenError) {
    this.reason = reason;
  }
}

/** The addresses of one application (or of management, null) on one node. */
export class Endpoint {
  readonly #base: string;

  constructor(gateway: string, applicationId: string | null) {
    this.#base = applicationId === null ? gateway : `${gateway}/app/${encodeURIComponent(applicationId)}`;
  }

  /** What the node says about the application. Not to be believed without more. */
  async describe(): Promise<{ id: string; name: string }> {
    const body = await request(this.#base, { timeout: CONNECT_TIMEOUT, maxBytes: MAX_DESCRIPTION });
    const { id, name } = record(body);
    if (typeof id !== 'string' || !/^[a-z2-7]{32}$/.test(id)) throw unreachable('it does not describe the application');
    return { id, name: typeof name === 'string' ? name : id };
  }

  openSession(handshake: Bytes): Promise<Bytes> {
    return request(`${this.#base}/session`, { body: handshake, timeout: CONNECT_TIMEOUT, maxBytes: MAX_RESPONSE });
  }

  exchange(frame: Bytes): Promise<Bytes> {
    return request(`${this.#base}/rpc`, { body: frame, timeout: REQUEST_TIMEOUT, maxBytes: MAX_FRAME });
  }

  /** Rejects with `UNAVAILABLE` where there is no WebSocket to be had. */
  connect(): Promise<Transport> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${this.#base.replace(/^http/, 'ws')}/ws`);
      socket.binaryType = 'arraybuffer';
      const fail = (): void => {
        clearTimeout(timer);
        socket.close();
        reject(unreachable('no WebSocket could be opened'));
      };
      const timer = setTimeout(fail, CONNECT_TIMEOUT);
      socket.onerror = socket.onclose = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        socket.onerror = socket.onclose = null;
        resolve(new WebSocketTransport(socket));
      };
    });
  }
}

class WebSocketTransport implements Transport {
  readonly kind = 'websocket';
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  start(onFrame: (frame: Bytes) => void, onLost: (reason: ProvenError) => void): void {
    this.#socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) onFrame(new Uint8Array(data));
      else onLost(new ProvenError('SESSION_CLOSED', 'the node sent something that is no frame'));
    };
    const closed = ({ code, reason }: { code: number; reason: string }): void => {
      onLost(new ProvenError('SESSION_CLOSED', `the connection was closed (${reason || code})`));
    };
    this.#socket.onclose = closed;
    if (this.#socket.readyState > WebSocket.OPEN) closed({ code: 1006, reason: '' });
  }

  async send(frame: Bytes): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new NotSent(unreachable('the connection was lost'));
    if (this.#socket.bufferedAmount > MAX_BUFFERED) {
      throw new NotSent(new ProvenError('OVERLOADED', 'too much waits to be sent', { retryAfter: 1 }));
    }
    this.#socket.send(frame);
  }

  close(): void {
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }
}

/** One request for each frame, one at a time: their order is what the session's sequences count. */
export class HttpTransport implements Transport {
  readonly kind = 'http';
  readonly #endpoint: Endpoint;
  #onFrame: (frame: Bytes) => void = () => {};
  #onLost: (reason: ProvenError) => void = () => {};

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  start(onFrame: (frame: Bytes) => void, onLost: (reason: ProvenError) => void): void {
    this.#onFrame = onFrame;
    this.#onLost = onLost;
  }

  async send(frame: Bytes): Promise<void> {
    try {
      this.#onFrame(await this.#endpoint.exchange(frame));
    } catch (error) {
      this.#onLost(asProvenError(error, 'UNAVAILABLE'));
    }
  }

  close(): void {}
}

/**
 * One HTTP request. A body is sent without a media type, which spares a request to another origin its preflight. Throws
 * `ProvenError`: `UNAVAILABLE`, `REQUEST_TIMEOUT`, `TOO_LARGE`, or what the node refuses it with.
 */
export async function request(
  url: string,
  { body, timeout, maxBytes }: { body?: Bytes; timeout: number; maxBytes: number },
): Promise<Bytes> {
  const options: RequestInit = {
    method: body === undefined ? 'GET' : 'POST',
    signal: AbortSignal.timeout(timeout),
    credentials: 'omit',
    redirect: 'error',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
  };
  if (body !== undefined) options.body = body;
  try {
    const response = await fetch(url, options);
    if (response.status === 200) return await read(response, maxBytes);
    throw refusal(response.status, await read(response, MAX_REFUSAL));
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new ProvenError('REQUEST_TIMEOUT', `the node did not answer within ${timeout / 1000} seconds`);
    }
    throw unreachable(error instanceof Error ? error.message : String(error));
  }
}

async function read(response: Response, maxBytes: number): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length;
    if (size > maxBytes) {
      await reader!.cancel();
      throw new ProvenError('TOO_LARGE', `the node's answer is longer than ${maxBytes} bytes`);
    }
    chunks.push(part.value);
  }
  return concat(...chunks);
}

function refusal(status: number, body: Bytes): ProvenError {
  const fields = record(body);
  if (typeof fields.code === 'string') return ProvenError.fromRecord(fields);
  return unreachable(`its address answered with status ${status}`);
}

export function record(body: Bytes): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const unreachable = (reason: string): ProvenError =>
  new ProvenError('UNAVAILABLE', `the node cannot be reached: ${reason}`);
