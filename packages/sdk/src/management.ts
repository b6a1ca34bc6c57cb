// What a signed-in person can look at and change: their sessions and the accounts linked to them.

import { type AccountKind, Fields } from './commands.ts';
import { type Connection } from './connection.ts';

/** A session that acts as the person. */
export interface SessionInfo {
  readonly id: string;
  readonly openedAt: Date;
  readonly usedAt: Date;
  /** The page that it was opened for, if it was one. */
  readonly origin: string | null;
  /** Whether it is this page's. */
  readonly current: boolean;
}

export interface LinkChallenge {
  readonly kind: AccountKind;
  readonly challenge: string;
  readonly origin: string;
  /** The challenge works once, until then. */
  readonly expiresAt: Date;
  /** What the wallet signs; `{address}` and `{chain_id}` stand for what only it knows. Absent for Radix. */
  readonly message: string | null;
}

export interface LinkedAccount {
  readonly address: string;
  readonly kind: AccountKind;
  readonly linkedAt: Date;
}

export class SessionsApi {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async list(): Promise<SessionInfo[]> {
    const answer = await this.#connection.ask('ListSessions', {}, { repeatable: true });
    return answer.list('sessions').map((item) => {
      const fields = new Fields(item);
      return {
        id: fields.text('session_id'),
        openedAt: new Date(fields.count('opened_at')),
        usedAt: new Date(fields.count('used_at')),
        origin: fields.optionalText('origin') ?? null,
        current: fields.get('current') === true,
      };
    });
  }

  /** End a session. */
  async revoke(id: string): Promise<void> {
    await this.#connection.ask('RevokeSession', { session_id: id });
  }
}

export class AccountsApi {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Ask for what a wallet has to sign. */
  async challenge(kind: AccountKind): Promise<LinkChallenge> {
    const answer = await this.#connection.ask('BeginLink', { kind });
    return {
      kind,
      challenge: answer.text('challenge'),
      origin: answer.text('origin'),
      expiresAt: new Date(Date.now() + 1000 * answer.count('expires_in')),
      message: answer.optionalText('message') ?? null,
    };
  }

  /** Link the account that signed the challenge. What belongs into `proof` depends on the kind. */
  async link(challenge: LinkChallenge | string, proof: object): Promise<LinkedAccount> {
    const id = typeof challenge === 'string' ? challenge : challenge.challenge;
    return linkedAccount(await this.#connection.ask('FinishLink', { challenge: id, proof: JSON.stringify(proof) }));
  }

  async unlink(address: string): Promise<void> {
    await this.#connection.ask('UnlinkAccount', { address });
  }

  async list(): Promise<LinkedAccount[]> {
    const answer = await this.#connection.ask('ListAccounts', {}, { repeatable: true });
    return answer.list('accounts').map((item) => linkedAccount(new Fields(item)));
  }
}

const linkedAccount = (fields: Fields): LinkedAccount => ({
  address: fields.text('address'),
  kind: fields.text('kind') as AccountKind,
  linkedAt: new Date(fields.count('linked_at')),
});
