// A session that is there whenever it is needed: opened, verified, resumed, and opened again after it was lost.

import { type Evidence } from './attestation/evidence.ts';
import { type Policy } from './attestation/policy.ts';
import { verifyEvidence } from './attestation/verifier.ts';
import { type Bytes } from './bytes.ts';
import { type CommandName, encodeCommand, type Fields, type Message } from './commands.ts';
import { type Encodable } from './cbor.ts';
import { asProvenError, ProvenError } from './errors.ts';
import { LiveSession } from './live.ts';
import { Source } from './readable.ts';
import { type Person, Resumption, type Ticket } from './resumption.ts';
import { ClientHandshake, generateKeyPair } from './session.ts';
import { backoff, Deadline, pause } from './time.ts';
import { Endpoint, HttpTransport, NotSent, type Transport } from './transports.ts';

const MAX_ATTEMPTS = 4;
const PROBE_TIMEOUT = 5000;
/** Milliseconds after which a session over HTTP is probed before it is used: nothing tells that a node forgot it. */
const HTTP_QUIET = 60_000;

/** What carries frames: a WebSocket or, where there is none to be had, HTTP requests; or only one of the two. */
export type Carrier = 'auto' | 'websocket' | 'http';

/** `idle`: no session yet, or none needed; `waiting`: it was lost, and the next attempt is due later. */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

export interface ConnectionOptions {
  /** Where the node is: an origin, without a slash at its end. */
  gateway: string;
  /** Id or name. */
  application: string;
  policy: Policy;
  carrier: Carrier;
  /** Milliseconds. */
  timeout: number;
  onEvent(event: Message, evidence: Evidence): void;
  /** A session is there; whether it took the place of one that was lost. */
  onOpened(again: boolean): void;
  /** Whether to open a session again after it was lost, although nobody has called. */
  wanted(): boolean;
}

export interface Verified {
  readonly evidence: Evidence;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Rules:
 *
 * 1. No command is sent before the evidence of the very session was verified against the policy.
 * 2. A command that surely was not sent is tried again in a new session. One that may have been sent is repeated only if
 *    it changes nothing; all others fail with `CALL_INTERRUPTED`.
 * 3. A session that acted as a person is never replaced by one that acts as nobody without the caller being told:
 *    where it cannot be resumed, what waits for it fails with `UNAUTHENTICATED`, and what is called later acts as nobody.
 * 4. Opening is tried again, more and more slowly, while the node cannot be reached; never when it was refused.
 */
export class Connection {
  readonly state = new Source<ConnectionState>('idle');
  readonly person = new Source<Person | null>(null);
  readonly #options: ConnectionOptions;
  readonly #resumption: Resumption;
  readonly #closing = new AbortController();
  #application: { id: string; name: string } | null = null;
  #session: LiveSession | null = null;
  #verified: Verified | null = null;
  #opening: Promise<LiveSession> | null = null;
  #opened = false;
  #keyPair: CryptoKeyPair | null = null;
  #spare: Ticket | null = null;
  #wake = new AbortController();
  #reopening = false;
  #tabs: BroadcastChannel | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#resumption = new Resumption(options.gateway, options.application);
    const { signal } = this.#closing;
    if (typeof addEventListener !== 'function') return;
    if (typeof BroadcastChannel === 'function') {
      this.#tabs = new BroadcastChannel(`proven ${options.gateway} ${options.application}`);
      this.#tabs.onmessage = ({ data }) => void this.#followed(data);
    }
    const probe = (): void => void this.#probe();
    addEventListener('online', probe, { signal });
    addEventListener('offline', probe, { signal });
    addEventListener('pageshow', probe, { signal });
    if (typeof document === 'object') {
      document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && probe(), { signal });
    }
  }

  /** What was verified about the node of the present or last session. */
  get verified(): Verified | null {
    return this.#verified;
  }

  /** The application's id and name; known once a session was opened. */
  get application(): { readonly id: string; readonly name: string } | null {
    return this.#application;
  }

  get carrier(): Transport['kind'] | null {
    return this.#session?.transport.kind ?? null;
  }

  /** Take over from an earlier page. Whether there was something to take over. */
  async restore(): Promise<boolean> {
    const taken = await this.#resumption.take();
    if (taken === null || this.person.value !== null || this.#opened) return false;
    const [person, ticket] = taken;
    this.#spare = ticket;
    this.person.set(person);
    try {
      await this.live(new Deadline(this.#options.timeout));
    } catch (error) {
      if (this.#spare !== null && this.person.value === person) await this.#resumption.put(person, this.#spare);
      throw error;
    }
    return true;
  }

  /** Send a command. `repeatable`: it changes nothing that matters when it is carried out twice. */
  async ask(
    command: CommandName,
    fields: Readonly<Record<string, Encodable | undefined>> = {},
    { repeatable = false, timeout = this.#options.timeout }: { repeatable?: boolean; timeout?: number } = {},
  ): Promise<Fields> {
    const deadline = new Deadline(timeout);
    const plaintext = encodeCommand(command, fields);
    for (let attempt = 1;; attempt++) {
      try {
        const session = await this.live(deadline);
        return await session.ask(plaintext, deadline);
      } catch (error) {
        const interrupted = error instanceof ProvenError && error.code === 'CALL_INTERRUPTED' && repeatable;
        if (attempt < MAX_ATTEMPTS && (interrupted || error instanceof NotSent)) continue;
        throw error instanceof NotSent ? error.reason : error;
      }
    }
  }

  /** The session, opened anew if there is none that works. */
  async live(deadline: Deadline): Promise<LiveSession> {
    if (this.#closing.signal.aborted) throw new ProvenError('CLOSED', 'close() was called');
    const session = this.#session;
    if (session !== null && session.lost === null) {
      const quiet = performance.now() - session.heardAt;
      if (session.transport.kind === 'websocket' || quiet < HTTP_QUIET || await this.#answers(session)) return session;
    }
    this.#wake.abort();
    this.#opening ??= this.#open().finally(() => (this.#opening = null));
    return deadline.race(this.#opening, 'no session could be opened');
  }

  /** Act as a person in the present session: `key` and `signature` over its transcript. */
  async identify(
    session: LiveSession,
    identified: { publicKey: Bytes; signature: Bytes; encryptionKey: CryptoKey },
  ): Promise<Person> {
    const { publicKey, signature, encryptionKey } = identified;
    const plaintext = encodeCommand('Identify', { public_key: publicKey, signature });
    const applicationId = this.#application!.id;
    let answer: Fields;
    try {
      answer = await session.ask(plaintext, new Deadline(this.#options.timeout));
    } catch (error) {
      throw error instanceof NotSent ? error.reason : error;
    }
    const person = { applicationId, identity: answer.text('identity'), encryptionKey };
    this.person.set(person);
    this.#spare = null;
    this.#tabs?.postMessage(person.identity);
    await this.#resumption.forget();
    await this.#renewTickets(session, person);
    if (this.person.value !== person) throw new ProvenError('UNAUTHENTICATED', 'the sign-in has ended; sign in again');
    return person;
  }

  /** Act as nobody from now on, here, in every other page of this origin and in those that are loaded later. */
  async anonymize(): Promise<void> {
    this.#tabs?.postMessage(null);
    await this.#leave(true);
  }

  /** Another page now has `identity` signed in, or nobody: this one does not go on as somebody else. */
  async #followed(identity: unknown): Promise<void> {
    if (this.person.value !== null && this.person.value.identity !== identity) await this.#leave(identity === null);
  }

  async #leave(forget: boolean): Promise<void> {
    this.#spare = null;
    const acted = this.person.value !== null;
    this.person.set(null);
    if (forget) await this.#resumption.forget();
    const session = this.#session;
    if (!acted || session === null || session.lost !== null) return;
    try {
      await session.ask(encodeCommand('Anonymize', {}), new Deadline(this.#options.timeout));
    } catch {
      session.lose(new ProvenError('SESSION_CLOSED', 'signed out'));
    }
  }

  /** End it, for good. */
  close(): void {
    this.#closing.abort();
    this.#wake.abort();
    this.#tabs?.close();
    this.#tabs = null;
    this.#session?.lose(new ProvenError('CLOSED', 'close() was called'));
    this.state.set('closed');
  }

  async #open(): Promise<LiveSession> {
    this.state.set('connecting');
    try {
      for (let attempt = 0;; attempt++) {
        try {
          return await this.#attempt();
        } catch (error) {
          const known = asProvenError(error, 'UNAVAILABLE');
          const passing = known.code === 'UNAVAILABLE' || known.code === 'OVERLOADED';
          if (!passing || attempt + 1 >= MAX_ATTEMPTS || this.#closing.signal.aborted) throw known;
          const wait = Math.max(backoff(attempt), 1000 * Math.min(known.retryAfter ?? 0, 10));
          await pause(wait, this.#closing.signal);
        }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.state.set('idle');
      this.#reopen();
      throw error;
    }
  }

  async #attempt(): Promise<LiveSession> {
    const { gateway, application, policy, carrier } = this.#options;
    this.#application ??= await find(gateway, application);
    const { id } = this.#application;
    const person = this.person.value;
    if (person !== null && !(await this.#hasTicket(person, id))) throw this.#signedOut();
    const ticket = person === null ? null : this.#spare;
    const keyPair = ticket?.keyPair ?? await generateKeyPair();
    const endpoint = new Endpoint(gateway, id);
    const connecting = carrier === 'http' ? null : endpoint.connect();
    connecting?.catch(() => {});
    try {
      const origin = typeof location === 'object' && location.origin !== 'null' ? location.origin : undefined;
      const handshake = new ClientHandshake({ applicationId: id, origin, keyPair, resumption: ticket?.ticket });
      const response = await endpoint.openSession(await handshake.request());
      if (ticket !== null && this.#spare === ticket) this.#spare = null;
      const at = Date.now();
      const [channel, evidence] = await handshake.finish(
        response,
        (document, expected) => verifyEvidence(document, expected, policy, at),
      );
      const transport = await connecting?.catch((error: unknown) => {
        if (carrier === 'websocket') throw error;
        return null;
      }) ?? new HttpTransport(endpoint);
      return await this.#established(channel, transport, { evidence, at }, keyPair, person);
    } catch (error) {
      connecting?.then((transport) => transport.close(), () => {});
      if (ticket === null || !(error instanceof ProvenError) || error.code !== 'UNAUTHENTICATED') throw error;
      this.#spare = null;
      throw new ProvenError('UNAVAILABLE', 'a ticket was refused');
    }
  }

  async #established(
    channel: LiveSession['channel'],
    transport: Transport,
    verified: Verified,
    keyPair: CryptoKeyPair,
    person: Person | null,
  ): Promise<LiveSession> {
    const session: LiveSession = new LiveSession(
      channel,
      transport,
      (event) => this.#options.onEvent(event, verified.evidence),
      () => this.#lost(session),
    );
    this.#keyPair = keyPair;
    if (person !== null) {
      try {
        const known = await session.ask(encodeCommand('WhoAmI', {}), new Deadline(this.#options.timeout));
        if (known.optionalText('identity') !== person.identity) throw this.#signedOut();
        await this.#renewTickets(session, person);
      } catch (error) {
        session.lose(new ProvenError('SESSION_CLOSED', 'it could not be resumed'));
        throw error instanceof NotSent ? error.reason : error;
      }
    }
    if (this.#closing.signal.aborted || this.person.value !== person) {
      session.lose(new ProvenError('SESSION_CLOSED', 'it is not wanted any more'));
      throw new ProvenError('UNAVAILABLE', 'the session changed while it was being opened');
    }
    this.#session = session;
    this.#verified = verified;
    this.state.set('connected');
    const again = this.#opened;
    this.#opened = true;
    this.#options.onOpened(again);
    return session;
  }

  /** One ticket for this page, should the connection be lost, and one for the next page. */
  async #renewTickets(session: LiveSession, person: Person): Promise<void> {
    const keyPair = this.#keyPair!;
    const issue = async (): Promise<Ticket> => {
      const issued = await session.ask(encodeCommand('IssueTicket', {}), new Deadline(this.#options.timeout));
      return { ticket: issued.bytes('ticket'), keyPair, expiresAt: Date.now() + 1000 * issued.count('expires_in') };
    };
    try {
      const [spare, next] = await Promise.all([issue(), issue()]);
      if (this.person.value !== person) return;
      this.#spare = spare;
      await this.#resumption.put(person, next);
    } catch {
      return; // the session works without; it cannot be resumed
    }
  }

  /** An attempt may have used a ticket up without its answer having arrived; there may be another. */
  async #hasTicket(person: Person, applicationId: string): Promise<boolean> {
    if (person.applicationId !== applicationId) return false;
    if (this.#spare !== null) return true;
    const [other, ticket] = await this.#resumption.take() ?? [];
    if (other?.identity !== person.identity) return false;
    this.#spare = ticket!;
    return true;
  }

  #signedOut(): ProvenError {
    this.#spare = null;
    this.person.set(null);
    void this.#resumption.forget();
    return new ProvenError('UNAUTHENTICATED', 'the sign-in has ended; sign in again');
  }

  #lost(session: LiveSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    if (this.#closing.signal.aborted) return;
    this.state.set('idle');
    this.#reopen();
  }

  /** Open the session again in the background while it is wanted. */
  #reopen(): void {
    if (this.#reopening || !this.#options.wanted() || this.#closing.signal.aborted) return;
    this.#reopening = true;
    void (async () => {
      try {
        for (let attempt = 0; this.#session === null && this.#options.wanted(); attempt++) {
          if (this.#opening === null) this.state.set('waiting');
          this.#wake = new AbortController();
          await pause(backoff(attempt), this.#wake.signal);
          if (this.#closing.signal.aborted) return;
          try {
            await this.live(new Deadline(this.#options.timeout));
          } catch (error) {
            if (error instanceof ProvenError && REFUSED.has(error.code)) return;
          }
        }
      } finally {
        this.#reopening = false;
      }
    })();
  }

  /** The network or the page came back: find out whether the session still works, and do not wait any longer. */
  async #probe(): Promise<void> {
    this.#wake.abort();
    const session = this.#session;
    if (session !== null && session.lost === null) await this.#answers(session);
  }

  async #answers(session: LiveSession): Promise<boolean> {
    try {
      await session.ask(encodeCommand('WhoAmI', {}), new Deadline(PROBE_TIMEOUT));
      return true;
    } catch (error) {
      const reason = error instanceof NotSent ? error.reason : asProvenError(error);
      session.lose(reason);
      return false;
    }
  }
}

/** Opening again would be refused again, until something else changes. */
const REFUSED: ReadonlySet<string> = new Set(['EVIDENCE_INVALID', 'ORIGIN_DENIED', 'NOT_FOUND', 'BAD_REQUEST', 'CLOSED']);

async function find(gateway: string, application: string): Promise<{ id: string; name: string }> {
  if (/^[a-z2-7]{32}$/.test(application)) return { id: application, name: application };
  return new Endpoint(gateway, application).describe();
}
