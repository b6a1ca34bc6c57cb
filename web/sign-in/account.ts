/** A person's account on the node: what the frame asks in its management session, and how answers are read. */
import type { Bytes } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { accountId, deriveIdentityKey, type Seed, sign } from '../../packages/sdk/src/identity.ts';
import { type Fields, flag, integer, list, type Management, optionalBytes, optionalInteger, text } from './management.ts';
import type { PasskeyRow, SessionRow } from './views.ts';

export interface Ceremony {
  readonly id: string;
  /** JSON for the browser's WebAuthn. */
  readonly options: string;
  /** When it ends, on the clock of `performance.now()`. */
  readonly endsAt: number;
}

export interface Authenticated {
  readonly account: string;
  readonly passkey: string;
  readonly wrappedSeed: Bytes | undefined;
}

export class Account {
  readonly #management: Management;

  constructor(management: Management) {
    this.#management = management;
  }

  /** Act as the holder of `seed` from now on. Answers the account's id, which the node has to agree on. */
  async identify(seed: Seed): Promise<string> {
    const key = await deriveIdentityKey(seed, null);
    const { publicKey } = key;
    const signature = await sign(key, this.#management.transcript);
    const answer = await this.#management.perform('Identify', { public_key: publicKey, signature });
    if (text(answer, 'identity') !== key.identity) throw new ProvenError('INTERNAL', 'the node took another identity');
    return key.identity;
  }

  async beginRegistration(label: string): Promise<Ceremony> {
    return ceremony(await this.#management.perform('BeginRegistration', { label }));
  }

  async finishRegistration(begun: Ceremony, response: string, wrappedSeed: Bytes | undefined): Promise<void> {
    await this.#management.perform('FinishRegistration', { ceremony: begun.id, response, wrapped_seed: wrappedSeed });
  }

  async beginAuthentication(): Promise<Ceremony> {
    return ceremony(await this.#management.perform('BeginAuthentication', {}));
  }

  async finishAuthentication(begun: Ceremony, response: string): Promise<Authenticated> {
    const answer = await this.#management.perform('FinishAuthentication', { ceremony: begun.id, response });
    return {
      account: text(answer, 'account'),
      passkey: text(answer, 'passkey'),
      wrappedSeed: optionalBytes(answer, 'wrapped_seed'),
    };
  }

  async passkeys(): Promise<PasskeyRow[]> {
    const answer = await this.#management.perform('ListPasskeys', {});
    return list(answer, 'passkeys').map((fields) => ({
      id: text(fields, 'id'),
      label: text(fields, 'label'),
      createdAt: integer(fields, 'created_at'),
      usedAt: optionalInteger(fields, 'used_at'),
      holdsSeed: flag(fields, 'holds_seed'),
      synced: flag(fields, 'synced'),
    }));
  }

  async removePasskey(id: string): Promise<void> {
    await this.#management.perform('RemovePasskey', { passkey: id });
  }

  async sessions(): Promise<SessionRow[]> {
    const answer = await this.#management.perform('ListSessions', {});
    return list(answer, 'sessions').map((fields) => ({
      id: text(fields, 'session_id'),
      openedAt: integer(fields, 'opened_at'),
      usedAt: integer(fields, 'used_at'),
      current: flag(fields, 'current'),
    }));
  }

  async revokeSession(id: string): Promise<void> {
    await this.#management.perform('RevokeSession', { session_id: id });
  }
}

/** Whether `seed` is that of `account`. */
export async function isSeedOf(seed: Seed, account: string): Promise<boolean> {
  return (await accountId(seed)) === account;
}

function ceremony(fields: Fields): Ceremony {
  return {
    id: text(fields, 'ceremony'),
    options: text(fields, 'options'),
    endsAt: performance.now() + 1000 * integer(fields, 'expires_in'),
  };
}
