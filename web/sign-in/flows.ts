/** What a person does in the frame, from the first view to a seed in hand or an account put in order. */
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { newSeed, type Seed, unwrapSeed, wrapSeed } from '../../packages/sdk/src/identity.ts';
import { Account, isSeedOf } from './account.ts';
import { canKeep, forgetSeed, keepSeed, keptSeed } from './device.ts';
import type { Management } from './management.ts';
import { deviceName } from './names.ts';
import { pickPositions, toWords } from './phrase.ts';
import { describe } from './problems.ts';
import { Cancelled, type Screen, Stage, WentBack } from './screen.ts';
import * as views from './views.ts';
import { forgetPasskey, makePasskey, mayUsePasskeys, outputOf, supportsPasskeys, usePasskey } from './webauthn.ts';

const FOLLOW_BROWSER = 'Follow your browser.';
const TOO_OLD = 'This browser is too old for passkeys. Update it, or use your recovery phrase.';
const NOT_ALLOWED = 'The page around this form does not let it use passkeys. Use your recovery phrase, or tell whoever runs the app.';

export interface Surroundings {
  readonly screen: Screen;
  readonly relyingParty: string;
  /** The page that embeds the frame, if one does. */
  readonly origin: string | undefined;
  /** Open the management session, or hand out the one that is open. */
  readonly management: () => Promise<Management>;
}

interface SignedIn {
  readonly account: string;
  readonly seed: Seed;
  readonly passkey: string | undefined;
}

/** Overwrite a seed that is in memory. */
export function wipe(seed: Seed | undefined): void {
  if (seed instanceof Uint8Array) seed.fill(0);
}

/** One request of the page. */
export class Flow {
  readonly #around: Surroundings;
  readonly #stage: Stage;
  readonly #cancel = new AbortController();

  constructor(around: Surroundings) {
    this.#around = around;
    this.#stage = new Stage(around.screen);
  }

  /** End it from outside: whatever is waited for is given up. */
  cancel(): void {
    this.#cancel.abort();
    this.#stage.end();
  }

  /** The person's seed, by whichever way they choose; the caller wipes it. */
  async identify(purpose: 'identify' | 'own' = 'identify'): Promise<Seed> {
    return this.#unlessCancelled(await this.#enter(purpose));
  }

  /** The seed by this way, which the person has chosen already. Throws what goes wrong; the caller wipes the seed. */
  async identifyBy(choice: views.Choice): Promise<Seed> {
    return this.#unlessCancelled(await this.#by(choice, 'own'));
  }

  /** Show the account until the person is done with it. */
  async manage(): Promise<void> {
    for (;;) {
      const { account, seed, passkey } = await this.#enter('manage');
      wipe(seed);
      if (await this.#keepHouse(account, passkey)) return;
    }
  }

  #unlessCancelled({ seed }: SignedIn): Seed {
    if (!this.#cancel.signal.aborted) return seed;
    wipe(seed);
    throw new Cancelled('cancelled');
  }

  async #enter(purpose: views.Purpose): Promise<SignedIn> {
    const asking = { origin: this.#around.origin, purpose };
    let problem = !supportsPasskeys() ? TOO_OLD : !mayUsePasskeys() ? NOT_ALLOWED : undefined;
    for (;;) {
      const choice = await views.choose(this.#stage, asking, problem);
      try {
        return await this.#by(choice, purpose);
      } catch (error) {
        problem = this.#survive(error);
      }
    }
  }

  #by(choice: views.Choice, purpose: views.Purpose): Promise<SignedIn> {
    if (choice === 'create') return this.#create();
    return choice === 'phrase' ? this.#recover(purpose) : this.#signIn(purpose);
  }

  /** What to tell the person before they try again. Throws what ends the flow. */
  #survive(error: unknown): string | undefined {
    if (error instanceof Cancelled || this.#cancel.signal.aborted) throw new Cancelled('cancelled');
    return error instanceof WentBack ? undefined : describe(error);
  }

  async #account(): Promise<Account> {
    this.#busy('One moment', 'Checking the node and opening a sealed session…');
    return new Account(await this.#around.management());
  }

  #busy(heading: string, text: string): void {
    this.#stage.busy(heading, text, () => this.cancel());
  }

  async #signIn(purpose: views.Purpose): Promise<SignedIn> {
    const account = await this.#account();
    const { seed, ...found } = await this.#authenticate(account);
    const id = found.account;
    const signedIn = seed ?? (await keptSeed(id)) ?? (await this.#typeIn(id, purpose !== 'manage'));
    try {
      this.#busy('One moment', 'Signing in…');
      if (!(await isSeedOf(signedIn, id))) throw new ProvenError('FORBIDDEN', 'the key in this passkey is one of another account');
      await account.identify(signedIn);
    } catch (error) {
      wipe(signedIn);
      throw error;
    }
    return { account: id, seed: signedIn, passkey: found.passkey };
  }

  /** A fresh assertion of a passkey, and the seed if it holds it. */
  async #authenticate(account: Account): Promise<{ account: string; passkey: string; seed: Uint8Array | undefined }> {
    this.#busy('Your passkey', FOLLOW_BROWSER);
    const begun = await account.beginAuthentication();
    const used = await usePasskey(begun.options, this.#around.relyingParty, this.#cancel.signal);
    try {
      this.#busy('One moment', 'Signing in…');
      const found = await account.finishAuthentication(begun, used.response);
      const { wrappedSeed } = found;
      const readable = wrappedSeed !== undefined && used.prf !== undefined;
      const seed = readable ? await unwrapSeed(wrappedSeed, used.prf!, found.account) : undefined;
      return { account: found.account, passkey: found.passkey, seed };
    } finally {
      used.prf?.fill(0);
    }
  }

  /** Have the phrase of `account` typed in; with `mayKeep`, the person may have its key kept in this browser. */
  async #typeIn(account: string, mayKeep: boolean): Promise<Uint8Array> {
    const offersKeeping = mayKeep && (await canKeep());
    let problem: string | undefined;
    for (;;) {
      const asking = {
        heading: 'Your recovery phrase',
        reason: 'This passkey proves who you are, but cannot hold your key. Type your recovery phrase to go on.',
        submit: 'Continue',
        ...(offersKeeping && { keep: 'Keep the key in this browser, so that the passkey is enough the next time' }),
      };
      const { seed, keep } = await views.askPhrase(this.#stage, asking, problem);
      if (await isSeedOf(seed, account)) {
        if (keep) await keepSeed(account, seed);
        return seed;
      }
      wipe(seed);
      problem = 'This is the phrase of another account than the passkey’s.';
    }
  }

  async #create(): Promise<SignedIn> {
    const account = await this.#account();
    const seed = newSeed();
    try {
      const id = await account.identify(seed);
      const holds = await this.#register(account, id, seed, deviceName(), false);
      if (holds) await this.#teach(seed, true);
      return { account: id, seed, passkey: undefined };
    } catch (error) {
      wipe(seed);
      throw error;
    }
  }

  async #recover(purpose: views.Purpose): Promise<SignedIn> {
    const { seed } = await views.askPhrase(this.#stage, {
      heading: 'Use a recovery phrase',
      reason: 'Type the 24 words of your account. They are read in this browser and sent to nobody.',
      submit: 'Continue',
    });
    try {
      const account = await this.#account();
      const id = await account.identify(seed);
      const known = (await account.passkeys()).length > 0;
      if (!known && (await views.unknownPhrase(this.#stage)) === 'again') {
        wipe(seed);
        return await this.#recover(purpose);
      }
      const makes = !known || (purpose !== 'manage' && supportsPasskeys() && mayUsePasskeys() && (await views.recovered(this.#stage)) === 'passkey');
      if (makes) await this.#register(account, id, seed, deviceName(), true);
      return { account: id, seed, passkey: undefined };
    } catch (error) {
      wipe(seed);
      throw error;
    }
  }

  /**
   * Make a passkey for the account that the session acts as. Answers whether it holds the seed. Where it cannot,
   * the person has to have the phrase (`phraseKnown`, or it is shown and asked back) before the passkey counts.
   */
  async #register(account: Account, id: string, seed: Uint8Array, label: string, phraseKnown: boolean): Promise<boolean> {
    const { relyingParty } = this.#around;
    let known = phraseKnown;
    for (;;) {
      this.#busy('Your new passkey', FOLLOW_BROWSER);
      const begun = await account.beginRegistration(label);
      const made = await makePasskey(begun.options, relyingParty, this.#cancel.signal);
      let sent = false;
      try {
        const prf = made.prf === 'later' ? await this.#useOnce(made.id) : made.prf === 'never' ? undefined : made.prf;
        if (prf === undefined && !known) {
          await this.#teach(seed, false);
          known = true;
        }
        if (performance.now() >= begun.endsAt) {
          const late = 'Making the passkey took too long, so it has to be made once more.';
          await views.step(this.#stage, 'Your new passkey', late, 'Make the passkey');
          continue;
        }
        this.#busy('One moment', 'Storing your passkey…');
        const wrapped = prf === undefined ? undefined : await wrapSeed(seed, prf, id);
        prf?.fill(0);
        sent = true;
        await account.finishRegistration(begun, made.response, wrapped);
        if (prf === undefined && (await canKeep()) && (await views.offerKeeping(this.#stage))) await keepSeed(id, seed);
        return prf !== undefined;
      } catch (error) {
        if (!sent) await forgetPasskey(made.id, relyingParty);
        throw error;
      } finally {
        if (made.prf instanceof Uint8Array) made.prf.fill(0);
      }
    }
  }

  /** Some authenticators give the output of their function only when the passkey is used. */
  async #useOnce(passkey: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const why = 'Your passkey is made. Use it once, so that it can hold your key.';
    await views.step(this.#stage, 'One more step', why, 'Use the passkey');
    this.#busy('Your new passkey', FOLLOW_BROWSER);
    return outputOf(passkey, this.#around.relyingParty, this.#cancel.signal);
  }

  /** Show the phrase and ask it back. */
  async #teach(seed: Uint8Array, optional: boolean): Promise<void> {
    const words = toWords(seed);
    const showing = {
      heading: 'Your recovery phrase',
      reason: optional
        ? 'Your account is ready. These words bring it back if you lose your passkey; you find them in your account later, too.'
        : 'This passkey can prove who you are, but cannot hold your key. These words can: you need them when you sign in.',
      optional,
      done: 'I have written them down',
    };
    for (;;) {
      if (!(await views.showPhrase(this.#stage, words, showing))) return;
      if (await views.confirmPhrase(this.#stage, words, pickPositions())) return;
    }
  }

  /** Answers true when the person is done, false when they have to sign in again. */
  async #keepHouse(id: string, inUse: string | undefined): Promise<boolean> {
    let news: string | undefined;
    let problem: string | undefined;
    for (;;) {
      try {
        const account = await this.#account();
        const [passkeys, sessions, kept] = [await account.passkeys(), await account.sessions(), await keptSeed(id)];
        const shown = { origin: this.#around.origin, passkeys, sessions, inUse, keptHere: kept !== undefined, news, problem };
        const action = await views.account(this.#stage, shown);
        news = problem = undefined;
        if (action.do === 'done') return true;
        news = await this.#do(account, id, action);
      } catch (error) {
        if (error instanceof ProvenError && (error.code === 'SESSION_CLOSED' || error.code === 'NO_IDENTITY')) return false;
        problem = this.#survive(error);
      }
    }
  }

  /** Carry out what the person chose. Answers what to tell them. */
  async #do(account: Account, id: string, action: views.AccountAction): Promise<string | undefined> {
    switch (action.do) {
      case 'add':
        return this.#add(account, id);
      case 'phrase':
        return this.#showAgain(account, id);
      case 'forget':
        await forgetSeed(id);
        return 'The key is no longer kept in this browser.';
      case 'revoke':
        await account.revokeSession(action.session);
        return 'That account view is closed.';
      case 'remove': {
        const { label } = action.passkey;
        const after = 'Nobody can sign in with it any more. Your account and your other passkeys stay as they are.';
        await views.confirm(this.#stage, `Remove “${label}”?`, after, 'Remove the passkey');
        this.#busy('One moment', 'Removing the passkey…');
        await account.removePasskey(action.passkey.id);
        await forgetPasskey(action.passkey.id, this.#around.relyingParty);
        return `“${label}” is removed.`;
      }
      default:
        return undefined;
    }
  }

  async #add(account: Account, id: string): Promise<string> {
    const why = 'Your new passkey will hold your key. First confirm that it is you, with a passkey that you have.';
    await views.step(this.#stage, 'Add a passkey', why, 'Continue');
    const found = await this.#again(account, id);
    const seed = found ?? (await this.#typeIn(id, false));
    try {
      const label = await views.namePasskey(this.#stage, deviceName());
      await this.#register(account, id, seed, label, found === undefined);
      return `“${label}” is added.`;
    } finally {
      wipe(seed);
    }
  }

  async #showAgain(account: Account, id: string): Promise<undefined> {
    await views.step(this.#stage, 'Show recovery phrase', 'First confirm that it is you, with your passkey.', 'Continue');
    const seed = await this.#again(account, id);
    if (seed === undefined) throw new ProvenError('FORBIDDEN', 'this passkey does not hold your key, so it cannot show the phrase');
    try {
      const reason = 'These words bring your account back if you lose your passkeys.';
      const showing = { heading: 'Your recovery phrase', reason, optional: true, done: 'Done' };
      await views.showPhrase(this.#stage, toWords(seed), showing);
      return undefined;
    } finally {
      wipe(seed);
    }
  }

  /** A fresh assertion by the account that is signed in, with the seed if the passkey holds it. */
  async #again(account: Account, id: string): Promise<Uint8Array | undefined> {
    const found = await this.#authenticate(account);
    if (found.account === id) return found.seed;
    wipe(found.seed);
    throw new ProvenError('FORBIDDEN', 'that passkey is one of another account');
  }
}
