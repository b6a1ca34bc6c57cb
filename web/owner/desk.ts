/** What an owner does here, from the first view to a signature that is sent, saved or handed back. */
import { type Bytes, equal, toHex } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { deriveOwnerKey, type Seed } from '../../packages/sdk/src/identity.ts';
import { MAX_ENVELOPE } from '../../packages/sdk/src/log/applications.ts';
import { Flow, type Surroundings, wipe } from '../sign-in/flows.ts';
import { Node } from '../sign-in/management.ts';
import { describe } from '../sign-in/problems.ts';
import { Cancelled, type Screen, Stage, WentBack } from '../sign-in/screen.ts';
import { type Asked, askedEnvelope, compose, envelopeOf, sign, type Signature } from './asked.ts';
import type { Configuration } from './configuration.ts';
import { giveBack, type Handover, type Listener } from './handover.ts';
import { includesBody, LogReader, type Reading } from './log.ts';
import { applicationsOf, hasPackage, submit } from './node.ts';
import { type Permission, signPermission } from './permission.ts';
import * as reviews from './review.ts';
import { objection, objectionToReading, requireReader, requireSigner, rolesOf, signersOf } from './rules.ts';
import * as views from './views.ts';
import { inWords, readingInWords } from './words.ts';

/** One visit. After `end`, nothing more is shown or signed. */
export class Desk {
  readonly #around: Surroundings;
  readonly #stage: Stage;
  readonly #node: Node;
  readonly #log: LogReader;
  #flow: Flow | undefined;
  #ended = false;
  /** The owner key of who signed in; the seed is not kept. */
  #key: Bytes | undefined;

  constructor(configuration: Configuration, screen: Screen) {
    this.#node = new Node(configuration.development);
    const management = () => this.#node.management();
    this.#around = { screen, relyingParty: configuration.relyingParty, origin: undefined, management };
    this.#stage = new Stage(screen);
    this.#log = new LogReader(management, configuration.development);
  }

  end(): void {
    this.#ended = true;
    this.#flow?.cancel();
    this.#stage.end();
    this.#node.close();
  }

  /** Be there until `end`. */
  async run(begin: Promise<Handover> | undefined): Promise<void> {
    try {
      if (begin !== undefined) await this.#take(begin);
    } catch (error) {
      await this.#survive(error);
    }
    while (!this.#ended) {
      try {
        await this.#visit();
      } catch (error) {
        await this.#survive(error);
      }
    }
  }

  /** Say what went wrong, unless it is that the visit has ended. */
  async #survive(error: unknown): Promise<void> {
    if (this.#ended) return;
    try {
      await views.tell(this.#stage, 'This did not work', explain(error), 'Begin again');
    } catch {
      // The visit has ended meanwhile.
    }
  }

  /** From signing in to signing out. */
  async #visit(): Promise<void> {
    this.#node.warm();
    try {
      this.#key ??= await this.#withFlow((flow) => flow.identify('own'), ownerKey);
    } catch (error) {
      if (error instanceof Cancelled && !this.#ended) return;
      throw error;
    }
    let news: string | undefined;
    let problem: string | undefined;
    while (this.#key !== undefined) {
      try {
        this.#busy('One moment', 'Looking for your applications…');
        const found = await applicationsOf(this.#key);
        const action = await views.home(this.#stage, { key: this.#key, ...found, news, problem });
        news = problem = undefined;
        if (action.do === 'leave') this.#key = undefined;
        else if (action.do === 'account') news = await this.#account();
        else if (action.do === 'open') await this.#open(action.application);
        else if (action.do === 'file') await this.#file(action.file);
      } catch (error) {
        if (this.#ended) throw error;
        if (error instanceof WentBack || error instanceof Cancelled) continue;
        problem = explain(error);
        if (error instanceof ProvenError && error.code !== 'UNAVAILABLE') continue;
        await views.tell(this.#stage, 'The node cannot be reached', problem, 'Try again');
      }
    }
  }

  async #account(): Promise<undefined> {
    await this.#withFlow((flow) => flow.manage(), async () => undefined);
  }

  async #open(application: string): Promise<void> {
    this.#busy('One moment', 'Reading the log…');
    const { state, origin } = await this.#log.read(application);
    if (state === null) throw new ProvenError('EVIDENCE_INVALID', 'the log does not have this application');
    const action = await views.application(this.#stage, this.#key!, state);
    const fields = action.do === 'transfer' ? { command: 'TransferOwnership', to: action.to } : { command: COMMANDS[action.do] };
    const asked = compose(origin, state.id, state.history.length, fields);
    const signature = await this.#sign(asked, 'page');
    if (signature !== undefined) await this.#dispose(asked, signature);
  }

  async #file(file: File): Promise<void> {
    let asked: Asked;
    try {
      if (file.size > MAX_ENVELOPE) throw new ProvenError('TOO_LARGE', `it has more than ${MAX_ENVELOPE / 1024} KiB`);
      asked = await askedEnvelope(new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      const why = error instanceof ProvenError ? sentence(error) : 'It cannot be read.';
      return views.refused(this.#stage, `The file is no signed command. ${why}`);
    }
    const signature = await this.#sign(asked, 'file');
    if (signature !== undefined) await this.#dispose(asked, signature);
  }

  async #take(begin: Promise<Handover>): Promise<void> {
    let handover: Handover;
    try {
      handover = await begin;
    } catch (error) {
      return views.refused(this.#stage, error instanceof ProvenError ? sentence(error) : 'The address cannot be read.');
    }
    this.#node.warm();
    if ('permission' in handover) await this.#letRead(handover, handover.permission);
    else await this.#handOver(handover, handover.asked);
  }

  async #handOver(listener: Listener, asked: Asked): Promise<void> {
    const signature = await this.#sign(asked, 'terminal');
    if (signature !== undefined) await this.#giveBack(listener, signature, inWords(asked.command), () => save(asked, signature));
  }

  /** Let the command line read what it asks for. */
  async #letRead(listener: Listener, permission: Permission): Promise<void> {
    const { what, applicationId, until } = permission;
    let words = '';
    const signature = await this.#confirmed(
      async () => {
        const reading = await this.#log.read(applicationId);
        const objected = objectionToReading(permission, reading);
        if (objected !== undefined) throw new ProvenError('CONFLICT', objected);
        words = readingInWords(what, reading.state?.name ?? '', until);
        return { permission, reading, roles: this.#roles(reading) };
      },
      (review, problem) => reviews.reviewPermission(this.#stage, review, problem),
      ({ reading }, seed) => signPermission(permission, seed, (key) => {
        this.#requireSame(key);
        requireReader(reading, key);
      }),
    );
    if (signature !== undefined) await this.#giveBack(listener, signature, words);
  }

  async #giveBack(listener: Listener, signature: Signature, words: string, saved?: () => void): Promise<void> {
    for (;;) {
      try {
        this.#busy('Signed', 'Handing the signature back…');
        await giveBack(listener, signature);
        return await views.tell(this.#stage, 'Signed', 'The command line has your signature and goes on by itself. You can close this page.', 'Your applications');
      } catch (error) {
        if (this.#ended) throw error;
        const choice = await reviews.stranded(this.#stage, words, explain(error), saved !== undefined);
        if (choice === 'save') saved?.();
        if (choice === 'done') return;
      }
    }
  }

  /** Show it, have it confirmed, and sign it; undefined if the person does not want to. */
  #sign(asked: Asked, from: reviews.From): Promise<Signature | undefined> {
    return this.#confirmed(
      () => this.#review(asked, from),
      (review, problem) => reviews.review(this.#stage, review, problem),
      ({ reading }, seed) => sign(asked, seed, (key) => this.#requireKey(asked, reading, key)),
    );
  }

  /** The same for anything that can be reviewed. */
  async #confirmed<R>(
    prepare: () => Promise<R>,
    show: (review: R, problem: string | undefined) => Promise<reviews.Choice>,
    signed: (review: R, seed: Seed) => Promise<Signature>,
  ): Promise<Signature | undefined> {
    let problem: string | undefined;
    for (;;) {
      this.#busy('One moment', 'Reading the log…');
      let review: R;
      try {
        review = await prepare();
      } catch (error) {
        if (this.#ended) throw error;
        await views.refused(this.#stage, explain(error));
        return undefined;
      }
      const choice = await show(review, problem);
      if (choice === 'no') return undefined;
      try {
        return await this.#withFlow(
          (flow) => flow.identifyBy(choice),
          async (seed) => {
            const signature = await signed(review, seed);
            this.#key ??= signature.publicKey;
            return signature;
          },
        );
      } catch (error) {
        if (this.#ended) throw error;
        problem = error instanceof WentBack || error instanceof Cancelled ? undefined : explain(error);
      }
    }
  }

  /** Throws `ProvenError` for what should not be signed. */
  async #review(asked: Asked, from: reviews.From): Promise<reviews.Review> {
    const { applicationId, command } = asked;
    const reading: Reading = applicationId === null
      ? { origin: await this.#log.origin(), state: null, bodies: [], complete: true }
      : await this.#log.read(applicationId);
    const objected = objection(asked, reading);
    if (objected !== undefined) throw new ProvenError('CONFLICT', objected);
    const packageKnown = command.command === 'Deploy' ? await hasPackage(command.packageId) : undefined;
    return { asked, from, reading, packageKnown, roles: this.#roles(reading) };
  }

  #roles({ state }: Reading): string[] {
    return this.#key === undefined || state === null ? [] : rolesOf(state, this.#key);
  }

  #requireKey(asked: Asked, reading: Reading | null, key: Bytes): void {
    this.#requireSame(key);
    if (reading !== null) requireSigner(asked, reading, key);
  }

  #requireSame(key: Bytes): void {
    if (this.#ended) throw new Cancelled('the visit has ended');
    if (this.#key !== undefined && !equal(this.#key, key)) {
      throw new ProvenError('FORBIDDEN', 'that passkey or phrase is one of another account than the one that is signed in');
    }
  }

  /** Send or save what was signed here. */
  async #dispose(asked: Asked, signature: Signature): Promise<void> {
    const { command, applicationId, origin } = asked;
    const words = inWords(command);
    const { state } = await this.#log.read(applicationId!);
    const threshold = state === null ? 1 : signersOf(state, command.command).threshold;
    const signed = new Set([...asked.signatures.map(([key]) => toHex(key)), toHex(signature.publicKey)]).size;
    const sendable = command.command !== 'Deploy' || (await hasPackage(command.packageId));
    let problem: string | undefined;
    for (;;) {
      const choice = await reviews.signed(this.#stage, { words, key: signature.publicKey, signed, threshold, sendable, problem });
      if (choice === 'done') return;
      problem = undefined;
      if (choice === 'save') {
        save(asked, signature);
        continue;
      }
      try {
        this.#busy('One moment', 'Sending it…');
        const accepted = await submit(envelopeOf(asked, signature));
        if (!includesBody(await this.#log.read(applicationId!, accepted.logIndex + 1), signature.body)) {
          throw new ProvenError('EVIDENCE_INVALID', 'the node says that it took the command, and the log does not have it');
        }
        return await reviews.sent(this.#stage, { words, origin, ...accepted });
      } catch (error) {
        if (this.#ended) throw error;
        problem = explain(error);
      }
    }
  }

  /** Have a seed in hand for as long as `use` takes. */
  async #withFlow<S, T>(ask: (flow: Flow) => Promise<S>, use: (seed: S) => Promise<T>): Promise<T> {
    if (this.#ended) throw new Cancelled('the visit has ended');
    const flow = new Flow(this.#around);
    this.#flow = flow;
    try {
      const seed = await ask(flow);
      try {
        return await use(seed);
      } finally {
        if (seed instanceof Uint8Array) wipe(seed);
      }
    } finally {
      this.#flow = undefined;
      this.#node.close();
    }
  }

  #busy(heading: string, text: string): void {
    if (this.#ended) throw new Cancelled('the visit has ended');
    this.#stage.busy(heading, text);
  }
}

const COMMANDS = { cancel: 'CancelUpgrade', veto: 'Veto', archive: 'Archive' } as const;

const ownerKey = async (seed: Parameters<typeof deriveOwnerKey>[0]): Promise<Bytes> => (await deriveOwnerKey(seed)).publicKey;

/** Have the browser write a file. */
function save(asked: Asked, signature: Signature): void {
  const address = URL.createObjectURL(new Blob([envelopeOf(asked, signature)], { type: 'application/octet-stream' }));
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = `${asked.applicationId?.slice(0, 8) ?? 'new'}-${asked.command.command.toLowerCase()}.command`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** What the rules refused is said as it is; all else as in the sign-in page. */
function explain(error: unknown): string {
  const own = error instanceof ProvenError && !['INTERNAL', 'OVERLOADED', 'REQUEST_TIMEOUT', 'SESSION_CLOSED', 'UNAUTHENTICATED'].includes(error.code);
  return own && (error.code !== 'UNAVAILABLE' || error.message.includes('command line')) ? sentence(error) : describe(error);
}

function sentence({ message }: ProvenError): string {
  const text = message.slice(0, 600);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
