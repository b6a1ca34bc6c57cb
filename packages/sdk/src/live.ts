// One established session over one transport, and the calls that wait for their answers.

import { type Bytes } from './bytes.ts';
import { decodeMessage, type Fields, type Message } from './commands.ts';
import { asProvenError, ProvenError } from './errors.ts';
import { type SealedChannel } from './session.ts';
import { Deadline } from './time.ts';
import { NotSent, type Transport } from './transports.ts';

/** Somewhat fewer than a node carries out at once for one connection (64); what is more waits here. */
const MAX_IN_FLIGHT = 48;
const MAX_WAITING = 1024;
const MAX_UNOPENED = 1024;

interface Pending {
  /** Whether its frame was given to the transport. */
  sent: boolean;
  resolve(ok: Fields): void;
  reject(error: unknown): void;
}

/**
 * Rules:
 *
 * 1. Frames leave in the order of their sequences and are opened one after the other.
 * 2. A frame that does not open, or says what no node says, ends the session.
 * 3. When the session ends, a command whose frame was given to the transport fails with `CALL_INTERRUPTED`: whether it
 *    was carried out is not known. All others fail with `NotSent`.
 */
export class LiveSession {
  readonly channel: SealedChannel;
  readonly transport: Transport;
  /** Why the session ended, once it has. */
  lost: ProvenError | null = null;
  /** When something was last heard, in milliseconds of the page's monotonic clock. */
  heardAt = performance.now();
  readonly #onEvent: (event: Message) => void;
  readonly #onLost: () => void;
  readonly #pending = new Map<number, Pending>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  #outgoing: Promise<void> = Promise.resolve();
  #incoming: Promise<void> = Promise.resolve();
  #unopened = 0;

  constructor(
    channel: SealedChannel,
    transport: Transport,
    onEvent: (event: Message) => void,
    onLost: () => void,
  ) {
    this.channel = channel;
    this.transport = transport;
    this.#onEvent = onEvent;
    this.#onLost = onLost;
    transport.start((frame) => this.#receive(frame), (reason) => this.lose(reason));
  }

  /** Send a command and wait for its answer. Throws `ProvenError` or `NotSent`. */
  async ask(plaintext: Bytes, deadline: Deadline): Promise<Fields> {
    await this.#slot(deadline);
    let sequence = -1;
    try {
      this.#requireLive();
      const [next, frame] = this.channel.seal(plaintext);
      sequence = next;
      const answer = new Promise<Fields>((resolve, reject) => {
        this.#pending.set(sequence, { sent: false, resolve, reject });
      });
      this.#outgoing = this.#outgoing.then(() => this.#send(sequence, frame));
      return await deadline.race(answer, 'no answer');
    } finally {
      this.#pending.delete(sequence);
      this.#inFlight--;
      this.#waiting.shift()?.();
    }
  }

  /** End the session, if it has not ended yet. */
  lose(reason: ProvenError): void {
    if (this.lost !== null) return;
    this.lost = reason;
    this.channel.close();
    this.transport.close();
    for (const { sent, reject } of this.#pending.values()) reject(sent ? interrupted(reason) : new NotSent(reason));
    this.#pending.clear();
    for (const proceed of this.#waiting.splice(0)) proceed();
    this.#onLost();
  }

  async #slot(deadline: Deadline): Promise<void> {
    this.#requireLive();
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new ProvenError('OVERLOADED', 'too many calls wait already', { retryAfter: 1 });
      }
      let proceed: () => void = () => {};
      try {
        await deadline.race(new Promise<void>((resolve) => this.#waiting.push(proceed = resolve)));
      } catch (error) {
        const index = this.#waiting.indexOf(proceed);
        if (index >= 0) this.#waiting.splice(index, 1);
        throw error;
      }
    }
    this.#inFlight++;
  }

  #requireLive(): void {
    if (this.lost !== null) throw new NotSent(this.lost);
  }

  /** Never rejects: the next one waits for it. */
  async #send(sequence: number, frame: Promise<Bytes>): Promise<void> {
    const pending = this.#pending.get(sequence);
    try {
      const sealed = await frame;
      if (pending === undefined || this.#pending.get(sequence) !== pending) return;
      pending.sent = true;
      await this.transport.send(sealed);
    } catch (error) {
      pending?.reject(error);
      // A socket that is closing says so later: until then, calls that are tried again would meet it again.
      if (error instanceof NotSent && error.reason.code === 'UNAVAILABLE') this.lose(error.reason);
    }
  }

  #receive(frame: Bytes): void {
    if (++this.#unopened > MAX_UNOPENED) {
      this.lose(new ProvenError('SESSION_CLOSED', 'the node sends more than this page can read'));
      return;
    }
    this.#incoming = this.#incoming.then(() => this.#open(frame));
  }

  async #open(frame: Bytes): Promise<void> {
    this.#unopened--;
    if (this.lost !== null) return;
    try {
      const message = decodeMessage(await this.channel.open(frame));
      this.heardAt = performance.now();
      if (message.kind === 'success') this.#pending.get(message.request)?.resolve(message.ok);
      else if (message.kind === 'failure') this.#pending.get(message.request)?.reject(message.error);
      else this.#onEvent(message);
    } catch (error) {
      this.lose(asProvenError(error, 'SESSION_CLOSED'));
    }
  }
}

const interrupted = (reason: ProvenError): ProvenError =>
  new ProvenError(
    'CALL_INTERRUPTED',
    `the connection was lost before the answer came, so the call may or may not have been carried out: ${reason.message}`,
    { details: { cause: reason.code } },
  );
