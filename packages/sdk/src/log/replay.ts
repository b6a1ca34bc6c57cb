// The rules of applications, as a fold over one application's entries. The twin of `proven.apps.State`, without the
// rules that need other applications' entries: that names are unique, and that a domain is proved for one only.

import { type Bytes, equal, toBase32, toHex } from '../bytes.ts';
import { encode } from '../cbor.ts';
import { type ErrorDetails, ProvenError } from '../errors.ts';
import {
  delayOf, guardiansOf, includes, type SignedCommand, type Upgrade, type UpgradePolicy, verifyCommand,
} from './applications.ts';
import { type Entry } from './entries.ts';
import { sha256 } from './merkle.ts';

const MAX_DOMAIN_PROOF = 30 * 24 * 3600 * 1000;

/** `at` and `logIndex` are those of the entry that made it live, `announcedIndex` is that of its announcement. */
export interface Version {
  readonly number: number;
  readonly packageId: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly logIndex: number;
  readonly announcedIndex: number;
}

/** A change that was announced. Times are Unix milliseconds. */
export interface Pending {
  readonly change: Upgrade;
  readonly logIndex: number;
  readonly announcedAt: number;
  readonly activatesAt: number;
}

/** An application as its entries left it. */
export interface ApplicationState {
  readonly id: string;
  readonly name: string;
  owner: Bytes;
  policy: UpgradePolicy;
  pending: Pending | null;
  archived: boolean;
  changedAt: number;
  readonly versions: Version[];
  /** The log indexes of its entries. */
  readonly history: number[];
}

interface Tracked extends ApplicationState {
  readonly origins: Set<string>;
  /** Until when each domain is proved, if it is. */
  readonly domains: Map<string, number | null>;
}

/** Folds the entries of `applicationId` in the log `origin`, one after the other. */
export class Replay {
  readonly #origin: string;
  readonly #id: string;
  #state: Tracked | null = null;

  constructor(origin: string, applicationId: string) {
    this.#origin = origin;
    this.#id = applicationId;
  }

  /** Null before the first entry. */
  get state(): ApplicationState | null {
    return this.#state;
  }

  /** The next entry. Throws `ProvenError` if it breaks a rule of `proven.apps.State`. */
  async append(entry: Entry, index: number): Promise<void> {
    if (entry.kind !== 'command') this.#byRule(entry, index);
    else {
      if (entry.signed.origin !== this.#origin) {
        throw refuse('BAD_REQUEST', `the command is for the log ${entry.signed.origin.slice(0, 100)}, not this one`);
      }
      await verifyCommand(entry.signed);
      if (entry.signed.command.command === 'CreateApplication') this.#state = await this.#created(entry.signed, entry.at);
      else this.#command(this.#existing(), entry.signed, entry.at, index);
    }
    this.#state!.changedAt = entry.at;
    this.#state!.history.push(index);
  }

  #existing(): Tracked {
    if (this.#state === null) throw refuse('NOT_FOUND', 'nobody has created the application');
    return this.#state;
  }

  async #created({ command, signatures, revision }: SignedCommand, at: number): Promise<Tracked> {
    if (command.command !== 'CreateApplication') throw new TypeError(command.command);
    const [owner] = signatures[0]!;
    if (signatures.length !== 1) throw refuse('BAD_REQUEST', "an application is created by its owner's signature alone");
    if (await applicationId(owner, command.nonce) !== this.#id) {
      throw refuse('NOT_OWNER', 'the application id is not that of this owner and nonce');
    }
    if (this.#state !== null || revision !== 0) {
      throw refuse('CONFLICT', 'an application is created once, as its first entry', {
        revision: this.#state?.history.length ?? 0,
      });
    }
    const { name, policy } = command;
    if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name) || name.slice(2, 4) === '--' || /^[a-z2-7]{32}$/.test(name)) {
      throw refuse('BAD_REQUEST', `${JSON.stringify(name.slice(0, 80))} cannot name an application`);
    }
    if (policy.kind === 'immutable') {
      throw refuse('BAD_REQUEST', 'an immutable application never gets a version: deploy one first');
    }
    return {
      id: this.#id, name, owner, policy, pending: null, archived: false, changedAt: at, versions: [], history: [],
      origins: new Set(), domains: new Map(),
    };
  }

  #command(state: Tracked, signed: SignedCommand, at: number, index: number): void {
    requireAuthority(state, signed);
    requireNext(state, at, endsPending(state, signed) ? state.history.length : signed.revision);
    const { command } = signed;
    switch (command.command) {
      case 'Deploy':
      case 'RollBack':
      case 'SetUpgradePolicy':
      case 'TransferOwnership': {
        requireUpgrade(state, command);
        const delay = delayOf(state.policy);
        if (delay === 0) bringIntoForce(state, command, at, index, index);
        else state.pending = { change: command, logIndex: index, announcedAt: at, activatesAt: at + 1000 * delay };
        return;
      }
      case 'CancelUpgrade':
      case 'Veto':
        if (state.pending === null) throw refuse('CONFLICT', `${state.name} has no pending change`);
        state.pending = null;
        return;
      case 'AddAllowedOrigin':
        if (!/^https?:\/\/[a-z0-9.:[\]-]{1,240}$/.test(command.origin)) {
          throw refuse('BAD_REQUEST', 'an allowed origin is of a DNS name or address');
        }
        if (state.origins.has(command.origin)) throw refuse('CONFLICT', `${state.name} allows that origin already`);
        state.origins.add(command.origin);
        return;
      case 'RemoveAllowedOrigin':
        if (!state.origins.delete(command.origin)) throw refuse('NOT_FOUND', `${state.name} does not allow that origin`);
        return;
      case 'LinkDomain':
        if (command.domain.length > 240 || !DOMAIN.test(command.domain)) throw refuse('BAD_REQUEST', 'not a domain');
        if (state.domains.has(command.domain)) throw refuse('CONFLICT', `${state.name} claims that domain already`);
        state.domains.set(command.domain, null);
        return;
      case 'UnlinkDomain':
        if (!state.domains.delete(command.domain)) throw refuse('NOT_FOUND', `${state.name} does not claim that domain`);
        return;
      case 'Archive':
        state.archived = true;
        state.pending = null;
        for (const domain of state.domains.keys()) state.domains.set(domain, null);
        return;
      default:
        throw refuse('BAD_REQUEST', 'not a command that is known here');
    }
  }

  #byRule(entry: Exclude<Entry, { kind: 'command' }>, index: number): void {
    const state = this.#existing();
    requireNext(state, entry.at, entry.kind === 'activated' ? entry.revision : state.history.length);
    if (entry.kind === 'activated') {
      const { pending } = state;
      if (pending === null || entry.at < pending.activatesAt) {
        throw refuse('CONFLICT', `${state.name} has no change that is due`);
      }
      state.pending = null;
      bringIntoForce(state, pending.change, entry.at, index, pending.logIndex);
      return;
    }
    const until = state.domains.get(entry.domain);
    if (until === undefined) throw refuse('NOT_FOUND', `${state.name} does not claim that domain`);
    if (entry.kind === 'domain_lapsed') {
      if (until === null || until > entry.at) throw refuse('CONFLICT', 'no proof of the domain has expired');
      state.domains.set(entry.domain, null);
      return;
    }
    if (entry.until <= Math.max(entry.at, until ?? 0) || entry.until > entry.at + MAX_DOMAIN_PROOF) {
      throw refuse('BAD_REQUEST', 'a proof of a domain holds for 30 days at most');
    }
    state.domains.set(entry.domain, entry.until);
  }
}

/** The id of the application that the holder of a key creates with a nonce of their choice. */
export async function applicationId(owner: Bytes, nonce: Bytes): Promise<string> {
  return toBase32((await sha256(encode(['proven/application/v1', owner, nonce]))).slice(0, 20));
}

/** Who signs is who the policy says, and nobody else. */
function requireAuthority(state: Tracked, { command, signatures }: SignedCommand): void {
  const { policy, name } = state;
  const signers = signatures.map(([key]) => key);
  const guardians = guardiansOf(policy);
  const onlyGuardians = signers.every((key) => includes(guardians, key));
  if (command.command === 'Veto') {
    if (!onlyGuardians) throw refuse('FORBIDDEN', `only a guardian of ${name} can veto`);
    return;
  }
  if ('threshold' in policy) {
    if (!signers.every((key) => includes(policy.keys, key))) {
      if (onlyGuardians) throw refuse('FORBIDDEN', 'a guardian can veto, and nothing else');
      throw refuse('NOT_OWNER', `somebody signed who is not among the keys that change ${name}`);
    }
    if (signers.length < policy.threshold) {
      throw refuse(
        'FORBIDDEN',
        `${policy.threshold} of ${policy.keys.length} keys have to sign, and ${signers.length} did`,
      );
    }
  } else if (signers.length !== 1 || !equal(signers[0]!, state.owner)) {
    if (onlyGuardians) throw refuse('FORBIDDEN', 'a guardian can veto, and nothing else');
    throw refuse('NOT_OWNER', `only its owner can change ${name}`);
  }
  if (policy.kind === 'immutable' && UPGRADES.has(command.command)) throw refuse('FORBIDDEN', `${name} is immutable`);
}

/** Whether a command takes back or vetoes the pending change, by somebody who had seen it announced. */
export function endsPending(
  { pending, history }: Pick<ApplicationState, 'pending' | 'history'>,
  { command: { command }, revision }: Pick<SignedCommand, 'command' | 'revision'>,
): boolean {
  if (pending === null || (command !== 'CancelUpgrade' && command !== 'Veto')) return false;
  return history.indexOf(pending.logIndex) < revision && revision <= history.length;
}

function requireNext(state: Tracked, at: number, revision: number): void {
  if (state.archived) throw refuse('CONFLICT', `${state.name} is archived and cannot change any more`);
  if (revision !== state.history.length) {
    throw refuse('CONFLICT', `${state.name} has ${state.history.length} entries, not ${revision}`, {
      revision: state.history.length,
    });
  }
  if (at < state.changedAt) throw refuse('BAD_REQUEST', 'an entry cannot be earlier than the one before it');
}

function requireUpgrade(state: Tracked, change: Upgrade): void {
  if (state.pending !== null) throw refuse('CONFLICT', `a change of ${state.name} is pending; cancel it first`);
  if (change.command === 'RollBack' && change.version >= state.versions.length) {
    throw refuse('NOT_FOUND', `${state.name} has no earlier version ${change.version}`);
  }
  if (change.command === 'SetUpgradePolicy' && change.policy.kind === 'immutable' && state.versions.length === 0) {
    throw refuse('CONFLICT', 'an immutable application never gets a version: deploy one first');
  }
}

function bringIntoForce(state: Tracked, change: Upgrade, at: number, logIndex: number, announcedIndex: number): void {
  if (change.command === 'SetUpgradePolicy') state.policy = change.policy;
  else if (change.command === 'TransferOwnership') state.owner = change.to;
  else {
    const packageId = change.command === 'Deploy' ? change.packageId : state.versions[change.version - 1]!.packageId;
    state.versions.push({ number: state.versions.length + 1, packageId, at, logIndex, announcedIndex });
  }
}

const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const UPGRADES: ReadonlySet<string> = new Set(['Deploy', 'RollBack', 'SetUpgradePolicy', 'TransferOwnership']);

const refuse = (code: ProvenError['code'], message: string, details?: ErrorDetails): ProvenError =>
  new ProvenError(code, message, { details });

/** What is wrong with entry `index`, which the rules refuse. */
export function inWords(index: number, error: ProvenError): string {
  const { code, message, details } = error;
  if (code === 'UNAUTHENTICATED') return `entry ${index} of the log is not signed by those it names: ${message}`;
  if (code === 'CONFLICT' && details?.revision !== undefined) {
    return `entries of the application were left out or added before entry ${index}: ${message} as its author had seen`;
  }
  if (code === 'NOT_OWNER' || code === 'FORBIDDEN') return `entry ${index} breaks the upgrade policy: ${message}`;
  return `entry ${index} breaks the rules of applications: ${message}`;
}

/** A key as people compare it. */
export const short = (key: Bytes | string): string => `${(typeof key === 'string' ? key : toHex(key)).slice(0, 12)}…`;
