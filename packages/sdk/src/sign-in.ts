// Signing in: the page's side of the conversation with the node's sign-in frame, which alone sees passkeys and seeds.
// Version 1: the frame says that it is there; it is given one end of a channel, and all else goes through that.

import { type Bytes } from './bytes.ts';
import { type ErrorCode, ProvenError } from './errors.ts';
import { Deadline } from './time.ts';

const VERSION = 1;
const LOAD_TIMEOUT = 20_000;
const TIMEOUT = 10 * 60_000;
const MIN_HEIGHT = 160;
const CODES: ReadonlySet<string> = new Set([
  'CANCELLED', 'NOT_ALLOWED', 'UNSUPPORTED', 'UNAVAILABLE', 'UNAUTHENTICATED', 'EVIDENCE_INVALID', 'ORIGIN_DENIED',
  'OVERLOADED', 'REQUEST_TIMEOUT', 'CONFLICT', 'FORBIDDEN', 'NOT_FOUND', 'BAD_REQUEST', 'INTERNAL', 'SESSION_CLOSED',
  'TOO_LARGE', 'QUOTA_EXCEEDED', 'STORAGE_FULL',
]);

/** What the frame answers to `identify`. */
export interface Identified {
  readonly publicKey: Bytes;
  readonly signature: Bytes;
  readonly encryptionKey: CryptoKey;
}

export interface FrameOptions {
  /** The node's origin. */
  gateway: string;
  applicationId: string;
  applicationName: string;
}

type Task = 'identify' | 'manage';

let busy = false;

/** Show the frame, and have it identify the person or let them manage their account. Throws `ProvenError`. */
export async function runFrame(options: FrameOptions, task: 'identify', transcript: Bytes): Promise<Identified>;
export async function runFrame(options: FrameOptions, task: 'manage', transcript: Bytes): Promise<null>;
export async function runFrame(options: FrameOptions, task: Task, transcript: Bytes): Promise<Identified | null> {
  if (busy) throw new ProvenError('CONFLICT', 'the sign-in is open already');
  busy = true;
  const frame = new Frame(options, task);
  try {
    const port = await frame.open();
    return await frame.run(port, transcript);
  } finally {
    frame.close();
    busy = false;
  }
}

/**
 * A modal dialog with the frame in it. What comes from elsewhere is not listened to: the first message has to have the
 * frame's window as its source and the node's origin; after that only the channel counts, and the first message on it
 * that is not one of the protocol ends it.
 */
class Frame {
  readonly #options: FrameOptions;
  readonly #task: Task;
  readonly #dialog = document.createElement('dialog');
  readonly #iframe = document.createElement('iframe');
  readonly #ended = new AbortController();
  readonly #cancelled: Promise<never>;
  #port: MessagePort | null = null;

  constructor(options: FrameOptions, task: Task) {
    this.#options = options;
    this.#task = task;
    const name = task === 'identify' ? `Sign in to ${options.applicationName}` : 'Your account';
    this.#cancelled = this.#build(name);
    this.#cancelled.catch(() => {});
  }

  /** Load the frame and give it its end of a channel. */
  async open(): Promise<MessagePort> {
    const { gateway, applicationId } = this.#options;
    const loaded = new Promise<void>((resolve) => {
      const listen = ({ source, origin, data }: MessageEvent<unknown>): void => {
        if (source !== this.#iframe.contentWindow || origin !== gateway || !isHello(data)) return;
        removeEventListener('message', listen);
        resolve();
      };
      addEventListener('message', listen, { signal: this.#ended.signal });
    });
    this.#iframe.src = `${gateway}/sign-in/${applicationId}`;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const failed = new ProvenError('UNAVAILABLE', 'the sign-in page of the node did not load');
    await Promise.race([new Deadline(LOAD_TIMEOUT).race(loaded).catch(() => Promise.reject(failed)), this.#cancelled]);
    const { port1, port2 } = new MessageChannel();
    const hello = { proven: 'sign-in', version: VERSION, application: applicationId };
    this.#iframe.contentWindow!.postMessage(hello, gateway, [port2]);
    this.#port = port1;
    return port1;
  }

  async run(port: MessagePort, transcript: Bytes): Promise<Identified | null> {
    const id = 1;
    const answer = new Promise<Identified | null>((resolve, reject) => {
      port.onmessage = ({ data }: MessageEvent<unknown>) => {
        try {
          const message = read(data, id);
          if (message.type === 'resize') this.#resize(message.height);
          else if (message.type === 'error') reject(message.error);
          else if ((message.type === 'done') === (this.#task === 'manage')) resolve(message.identified);
          else throw unexpected('an answer to something else');
        } catch (error) {
          port.close();
          reject(error);
        }
      };
      port.onmessageerror = () => reject(unexpected('a message that cannot be read'));
    });
    port.postMessage({ id, type: this.#task, transcript });
    this.#iframe.focus();
    try {
      return await Promise.race([new Deadline(TIMEOUT).race(answer, 'the sign-in was not finished'), this.#cancelled]);
    } catch (error) {
      port.postMessage({ id: id + 1, type: 'cancel' });
      throw error;
    }
  }

  close(): void {
    this.#ended.abort();
    if (this.#dialog.open) this.#dialog.close();
    this.#dialog.remove();
    this.#port?.close();
  }

  /** Rejects when the person closes the dialog, by Escape or its button. The dialog gives the focus back. */
  #build(name: string): Promise<never> {
    const dialog = this.#dialog;
    const iframe = this.#iframe;
    const button = document.createElement('button');
    dialog.setAttribute('aria-label', name);
    iframe.title = name;
    iframe.allow = `publickey-credentials-create ${this.#options.gateway}; publickey-credentials-get ${this.#options.gateway}`;
    iframe.referrerPolicy = 'strict-origin';
    button.type = 'button';
    button.textContent = '×';
    button.setAttribute('aria-label', 'Close');
    Object.assign(dialog.style, {
      colorScheme: 'light dark',
      boxSizing: 'border-box',
      width: 'min(26rem, 100vw - 1rem)',
      maxHeight: 'calc(100dvh - 1rem)',
      padding: '0',
      border: '1px solid color-mix(in srgb, CanvasText 25%, Canvas)',
      borderRadius: '12px',
      background: 'Canvas',
      color: 'CanvasText',
      overflow: 'hidden',
    });
    Object.assign(button.style, {
      position: 'absolute',
      insetBlockStart: '0',
      insetInlineEnd: '0',
      width: '44px',
      height: '44px',
      border: '0',
      background: 'transparent',
      color: 'inherit',
      font: '24px system-ui, sans-serif',
      cursor: 'pointer',
    });
    Object.assign(iframe.style, {
      display: 'block', width: '100%', height: '420px', maxHeight: 'calc(100dvh - 1rem)', border: '0', colorScheme: 'auto',
    });
    iframe.style.colorScheme = 'light dark';
    dialog.append(iframe, button);
    return new Promise((_, reject) => {
      const cancel = (): void => reject(new ProvenError('CANCELLED', 'the sign-in was closed'));
      dialog.addEventListener('close', cancel, { signal: this.#ended.signal });
      button.addEventListener('click', cancel, { signal: this.#ended.signal });
    });
  }

  #resize(height: number): void {
    this.#iframe.style.height = `${Math.max(MIN_HEIGHT, Math.min(height, innerHeight))}px`;
  }
}

type FrameMessage =
  | { type: 'identified'; identified: Identified }
  | { type: 'done'; identified: null }
  | { type: 'error'; error: ProvenError }
  | { type: 'resize'; height: number };

/** A message of the frame about the task `id`. Throws for every other. */
function read(data: unknown, id: number): FrameMessage {
  if (typeof data !== 'object' || data === null) throw unexpected('something that is no message');
  const message = data as Record<string, unknown>;
  const has = (...names: string[]): boolean => Object.keys(message).sort().join() === ['id', 'type', ...names].sort().join();
  const { type } = message;
  if (type === 'resize' && has('height') && message.id === 0 && isHeight(message.height)) {
    return { type, height: message.height };
  }
  if (message.id !== id) throw unexpected('an answer to something else');
  if (type === 'done' && has()) return { type, identified: null };
  if (type === 'error' && has('code', 'message')) {
    const { code, message: text } = message;
    if (typeof code === 'string' && typeof text === 'string') {
      return { type, error: new ProvenError(CODES.has(code) ? (code as ErrorCode) : 'INTERNAL', text.slice(0, 1024)) };
    }
  }
  if (type === 'identified' && has('publicKey', 'signature', 'encryptionKey')) {
    const { publicKey, signature, encryptionKey } = message;
    if (isBytes(publicKey, 32) && isBytes(signature, 64) && isEncryptionKey(encryptionKey)) {
      return { type, identified: { publicKey, signature, encryptionKey } };
    }
  }
  throw unexpected('a message that is none of the protocol');
}

const isHello = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && (data as Record<string, unknown>).proven === 'sign-in' &&
  (data as Record<string, unknown>).version === VERSION;

const isHeight = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < 100_000;

const isBytes = (value: unknown, size: number): value is Bytes => value instanceof Uint8Array && value.length === size;

const isEncryptionKey = (value: unknown): value is CryptoKey =>
  value instanceof CryptoKey && value.algorithm.name === 'AES-GCM' && !value.extractable;

const unexpected = (what: string): ProvenError => new ProvenError('BAD_REQUEST', `the sign-in page sent ${what}`);
