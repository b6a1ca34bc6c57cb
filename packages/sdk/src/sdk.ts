// The front-end SDK.

import { type Evidence } from './attestation/evidence.ts';
import { checkPackage, checkPolicy, pinsCode, type Policy, requiresLog } from './attestation/policy.ts';
import { type AttestationReport, describe } from './attestation/report.ts';
import { type Bytes } from './bytes.ts';
import { type Fields, type Message } from './commands.ts';
import { type Carrier, Connection, type ConnectionState } from './connection.ts';
import { setDefault, unsetDefault } from './default.ts';
import { asProvenError, ProvenError, type Source as CodeSource } from './errors.ts';
import { identityId } from './identity.ts';
import type { Answer } from './log/view.ts';
import { LogChecks, type LogFinding } from './log-checks.ts';
import { AccountsApi, SessionsApi } from './management.ts';
import { type Readable, Source } from './readable.ts';
import { runFrame } from './sign-in.ts';
import { type SubscribeOptions, Subscriptions } from './subscriptions.ts';
import { Deadline } from './time.ts';
import { type Upgrade, Upgrades, type Version } from './upgrades.ts';
import { decodeValue, encodeValue } from './values.ts';

const DEFAULT_TIMEOUT = 30_000;
const MAX_UNACCEPTED = 1024;
const CONSOLE_LEVELS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;

export interface ProvenOptions {
  /** The node's address, such as `https://node.example`. Where the page came from, if absent. */
  gateway?: string;
  /** Id or name. A name stands for whatever the node says it does: give the id to be sure. */
  application: string;
  /** Which evidence is good enough. Without one, none is. */
  policy?: Policy;
  /** What carries calls: by default a WebSocket or, where there is none to be had, HTTP requests. */
  transport?: Carrier;
  /** Milliseconds to wait for an answer, 30 000 by default. */
  timeout?: number;
  /** Whether to show what handlers log in the page's console, for development nodes; by default yes. */
  console?: boolean;
}

export interface CallOptions {
  /** Milliseconds to wait for the answer. */
  timeout?: number;
}

/** `loading`: it is not known yet whether the person of an earlier page can go on. */
export type AuthState = 'loading' | 'anonymous' | 'signing-in' | 'signed-in';

export interface UserInfo {
  /** Who the person is to this application; another one knows them by another id. */
  readonly identity: string;
}

/** What the node knows about the present session. */
export interface WhoAmI {
  readonly sessionId: string;
  readonly applicationId: string | null;
  readonly identity: string | null;
  readonly accounts: readonly string[];
  readonly origin: string | null;
  readonly expiresAt: Date;
}

/**
 * An application on a node, as a page uses it. Nothing is sent before the node's evidence was verified against the
 * policy. What goes wrong is a `ProvenError`.
 */
export class ProvenSDK {
  /** Whether somebody is signed in. */
  readonly authState: Readable<AuthState>;
  /** Who is signed in, null if nobody is. */
  readonly userInfo: Readable<UserInfo | null>;
  readonly connectionState: Readable<ConnectionState>;
  /**
   * The version that answers, as answers and the node say; null before the first answer. It is the node's word: the
   * policy's rules hold each answer to what is proven.
   */
  readonly version: Readable<Version | null>;
  /** The person's sessions with this application. */
  readonly sessions: SessionsApi;
  /** The accounts on chains that the person linked to who they are in this application. */
  readonly accounts: AccountsApi;
  /** The node's origin. */
  readonly gateway: string;

  readonly #policy: Policy;
  readonly #options: ProvenOptions;
  readonly #timeout: number;
  readonly #connection: Connection;
  readonly #subscriptions: Subscriptions;
  readonly #upgrades: Upgrades;
  readonly #authState = new Source<AuthState>('loading');
  readonly #userInfo = new Source<UserInfo | null>(null);
  readonly #restored: Promise<void>;
  readonly #log: LogChecks;
  #answer: Answer | null = null;
  #events: Promise<void> = Promise.resolve();
  #unaccepted = 0;

  constructor(options: ProvenOptions) {
    const policy = options.policy ?? {};
    checkPolicy(policy);
    this.#policy = policy;
    this.#options = options;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.gateway = gatewayOf(options);
    this.#connection = new Connection({
      gateway: this.gateway,
      application: options.application,
      policy,
      carrier: options.transport ?? 'auto',
      timeout: this.#timeout,
      onEvent: (event, evidence) => this.#onEvent(event, evidence),
      onOpened: (again) => {
        if (!again) return;
        void this.#subscriptions.renew();
        void this.#upgrades.renew();
      },
      wanted: () => this.#subscriptions.any || this.#upgrades.any,
    });
    this.#log = new LogChecks(
      this.gateway,
      options.application,
      policy,
      (deadline) => this.#connection.ask('LogHead', {}, { repeatable: true, timeout: Math.max(1, deadline.left) }),
    );
    this.#subscriptions = new Subscriptions(this.#connection);
    this.#upgrades = new Upgrades(this.#connection);
    this.version = this.#upgrades.version;
    this.authState = this.#authState;
    this.userInfo = this.#userInfo;
    this.connectionState = this.#connection.state;
    this.sessions = new SessionsApi(this.#connection);
    this.accounts = new AccountsApi(this.#connection);
    this.#connection.person.subscribe((person) => {
      // Whoever is told of one reads the other: who is signed in is known as long as somebody is.
      if (person === null) this.#authState.set('anonymous');
      this.#userInfo.set(person === null ? null : { identity: person.identity });
      if (person !== null && this.#authState.value !== 'loading') this.#authState.set('signed-in');
    });
    this.#restored = this.#restore();
    setDefault(this);
  }

  /**
   * Call a handler with an array of arguments. Throws what it throws as `HANDLER_ERROR`. After `CALL_INTERRUPTED` and
   * `REQUEST_TIMEOUT` it is not known whether the call was carried out; it is never silently repeated. An answer or
   * error of code that the policy does not accept is refused, with `carriedOut` in the details.
   */
  async execute(address: string, args: readonly unknown[] = [], options: CallOptions = {}): Promise<unknown> {
    const fields = { handler: address, args: encodeValue([...args]) };
    await this.#restored;
    const deadline = new Deadline(options.timeout ?? this.#timeout);
    let answer: Fields;
    try {
      answer = await this.#connection.ask('Execute', fields, options);
    } catch (error) {
      if (error instanceof ProvenError) await this.#acceptError(error, deadline);
      throw error;
    }
    const source = { packageId: answer.text('package_id'), logIndex: answer.count('log_index') };
    this.#answer = await this.#accept(source, 'answer', deadline);
    this.#upgrades.answered(source.packageId, source.logIndex);
    return decodeValue(answer.bytes('value'));
  }

  /** As `execute`, with the arguments one after the other. */
  call(address: string, ...args: unknown[]): Promise<unknown> {
    return this.execute(address, args);
  }

  /** Have `onEvent` called with what the application publishes under `event`. Resolves with what ends that. */
  async subscribe(
    event: string,
    onEvent: (payload: unknown) => void,
    options: SubscribeOptions = {},
  ): Promise<() => Promise<void>> {
    await this.#restored;
    return this.#subscriptions.add(event, onEvent, options);
  }

  /**
   * Have `onUpgrade` called when the node says that an upgrade was announced or taken back, and when another version
   * answers: that before its first answer. Needs a WebSocket. Resolves with what ends it.
   */
  async onUpgrade(onUpgrade: (upgrade: Upgrade) => void): Promise<() => void> {
    await this.#restored;
    return this.#upgrades.add(onUpgrade);
  }

  /** Let the person sign in with a passkey. Call it on a click. Rejects with `CANCELLED` when they close the dialog. */
  async signIn(): Promise<UserInfo> {
    await this.#restored;
    const session = await this.#connection.live(new Deadline(this.#timeout));
    const before = this.#authState.value;
    this.#authState.set('signing-in');
    try {
      const identified = await runFrame(this.#frame(), 'identify', session.channel.transcript);
      const expected = await identityId(identified.publicKey);
      const { identity } = await this.#connection.identify(session, identified);
      if (identity !== expected) {
        await this.#connection.anonymize();
        throw new ProvenError('UNAUTHENTICATED', 'the node knows the key by another identity');
      }
      this.#authState.set('signed-in');
      return { identity };
    } catch (error) {
      this.#authState.set(this.#connection.person.value === null ? 'anonymous' : before);
      throw error;
    }
  }

  /** Act as nobody from now on, also in other tabs and in pages that are loaded later. */
  async signOut(): Promise<void> {
    await this.#restored;
    await this.#connection.anonymize();
    this.#authState.set('anonymous');
  }

  /** Let the person look after their account: passkeys, recovery phrase, sessions. */
  async manageAccount(): Promise<void> {
    await this.#restored;
    const session = await this.#connection.live(new Deadline(this.#timeout));
    await runFrame(this.#frame(), 'manage', session.channel.transcript);
  }

  /** The AES-GCM key that only the signed-in person has, in this application only; not extractable. */
  get encryptionKey(): CryptoKey | null {
    return this.#connection.person.value?.encryptionKey ?? null;
  }

  async whoAmI(): Promise<WhoAmI> {
    await this.#restored;
    const answer = await this.#connection.ask('WhoAmI', {}, { repeatable: true });
    return {
      sessionId: answer.text('session_id'),
      applicationId: answer.optionalText('application_id') ?? null,
      identity: answer.optionalText('identity') ?? null,
      accounts: answer.list('accounts').map(String),
      origin: answer.optionalText('origin') ?? null,
      expiresAt: new Date(Date.now() + 1000 * answer.count('expires_in')),
    };
  }

  /**
   * What was verified about the node and what its log says about the application, also in words; opens a session if
   * there is none. Rejects with `EVIDENCE_INVALID` for a log that contradicts the answers, or what this browser saw of it.
   */
  async attestation(): Promise<AttestationReport> {
    await this.#restored;
    const deadline = new Deadline(this.#timeout);
    await this.#connection.live(deadline);
    const { evidence, at } = this.#connection.verified!;
    const applicationId = this.#connection.application!.id;
    const log = await this.#askLog(applicationId, evidence, deadline);
    return describe(evidence, this.#policy, {
      applicationId,
      packageId: this.#answer?.packageId ?? null,
      verifiedAt: at,
      log,
    });
  }

  /** End the session and let go of everything. Calls under way fail. Who is signed in stays so for later pages. */
  close(): void {
    this.#connection.close();
    unsetDefault(this);
  }

  /** Throws unless the policy accepts the code that gave `what`. */
  async #accept(source: CodeSource, what: 'answer' | 'error' | 'event', deadline: Deadline): Promise<Answer> {
    const answer = { ...source, at: Date.now() };
    try {
      checkPackage(this.#policy, answer.packageId);
      if (requiresLog(this.#policy)) {
        const { evidence } = this.#connection.verified!;
        await this.#log.confirm(this.#connection.application!.id, evidence, answer, deadline);
      }
    } catch (error) {
      const { code, message, details, retryAfter } = asProvenError(error);
      const said = what === 'event' ? 'an event' : `the call was carried out, but its ${what}`;
      throw new ProvenError(code, `${said} is refused: ${message}`, {
        details: what === 'event' ? details : { ...details, carriedOut: true },
        retryAfter,
        cause: error,
      });
    }
    return answer;
  }

  /** Throws for an error of a handler that is not of code that the policy accepts. */
  async #acceptError({ code, source }: ProvenError, deadline: Deadline): Promise<void> {
    if (!pinsCode(this.#policy)) return;
    if (source !== undefined) await this.#accept(source, 'error', deadline);
    else if (code.startsWith('HANDLER_')) throw unnamed('error');
  }

  /** Events are handed on in their order, each once the policy accepts the code that it is of. */
  #onPublished(name: string, payload: Bytes, source: CodeSource | null): void {
    if (!pinsCode(this.#policy)) return this.#subscriptions.publish(name, payload);
    if (this.#unaccepted >= MAX_UNACCEPTED) return this.#subscriptions.missed();
    this.#unaccepted++;
    this.#events = this.#events.then(async () => {
      try {
        if (source === null) throw unnamed('event');
        await this.#accept(source, 'event', new Deadline(this.#timeout));
        this.#subscriptions.publish(name, payload);
      } catch (error) {
        this.#subscriptions.refuse(name, asProvenError(error));
      } finally {
        this.#unaccepted--;
      }
    });
  }

  /** What the log says. That it cannot be read is an error only where the policy requires it. */
  async #askLog(applicationId: string, evidence: Evidence, deadline: Deadline): Promise<LogFinding> {
    try {
      return await this.#log.ask(applicationId, evidence, this.#answer, deadline);
    } catch (error) {
      const known = asProvenError(error);
      if (known.code === 'EVIDENCE_INVALID' || requiresLog(this.#policy)) throw known;
      return known;
    }
  }

  async #restore(): Promise<void> {
    try {
      await this.#connection.restore();
    } catch {
      // The next call says what is wrong.
    }
    this.#authState.set(this.#connection.person.value === null ? 'anonymous' : 'signed-in');
  }

  /** Browsers make no passkeys for addresses that are numbers, but for `localhost`. */
  #frame(): { gateway: string; applicationId: string; applicationName: string } {
    const { id, name } = this.#connection.application!;
    const gateway = this.gateway.replace(/\/\/(127\.0\.0\.1|\[::1\])(?=:|$)/, '//localhost');
    return { gateway, applicationId: id, applicationName: name };
  }

  #onEvent(event: Message, evidence: Evidence): void {
    if (event.kind === 'published') this.#onPublished(event.name, event.payload, event.source);
    else if (event.kind === 'missed') this.#subscriptions.missed();
    else if (event.kind === 'version') this.#upgrades.take(event);
    else if (event.kind === 'console' && evidence.platform === 'development' && this.#options.console !== false) {
      const level = CONSOLE_LEVELS.find((known) => known === event.level) ?? 'log';
      console[level](`%c${event.handler}`, 'color: gray', event.text);
    }
  }
}

const unnamed = (what: string): ProvenError =>
  new ProvenError('EVIDENCE_INVALID', `an ${what} came that does not say which package it is of`, { details: { rule: 'package' } });

/** The node's origin. An application's own host is `<name>.<host of the node>`. */
function gatewayOf({ gateway, application }: ProvenOptions): string {
  if (gateway === undefined && (typeof location !== 'object' || !/^https?:$/.test(location.protocol))) {
    throw new ProvenError('BAD_REQUEST', 'outside of a page that a node served, gateway has to be given');
  }
  let url: URL;
  try {
    url = new URL(gateway ?? location.origin);
  } catch {
    throw new ProvenError('BAD_REQUEST', `${gateway} is not the address of a node, such as https://node.example`);
  }
  if (!/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new ProvenError('BAD_REQUEST', `${gateway} is not the address of a node, such as https://node.example`);
  }
  if (gateway === undefined) {
    if (url.hostname.endsWith('.localhost')) url.hostname = 'localhost';
    else if (url.hostname.startsWith(`${application}.`)) url.hostname = url.hostname.slice(application.length + 1);
  }
  return url.origin;
}
