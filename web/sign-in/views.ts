/** Every view, as a question to the person. What is secret is in the page only while it is shown. */
import { alert, button, element } from './dom.ts';
import { actions, back, row, section, withIcon } from './parts.ts';
import { countWords, MAX_TEXT, readPhrase, WORDS } from './phrase.ts';
import { Cancelled, type Stage, WentBack } from './screen.ts';

export type Choice = 'passkey' | 'create' | 'phrase';

/** What for: to be somebody in the app around the frame, to see the account, to sign for one's own applications. */
export type Purpose = 'identify' | 'manage' | 'own';

export interface Asking {
  /** The page that embeds the frame, as the browser names it, if one does. */
  readonly origin: string | undefined;
  readonly purpose: Purpose;
}

/** How to begin. */
export function choose(stage: Stage, asking: Asking, problem?: string): Promise<Choice> {
  const managing = asking.purpose === 'manage';
  const owning = asking.purpose === 'own';
  const heading = managing ? 'Your account' : owning ? 'Your applications' : `Sign in to ${stage.applicationName}`;
  return stage.ask(heading, (view) => [
    asked(asking.origin),
    problem !== undefined && alert(problem),
    managing && element('p', {}, 'Confirm that it is you to see and change your passkeys.'),
    owning && element('p', {}, 'Sign in to see which applications are yours, and to sign for them.'),
    element(
      'div',
      { class: 'stack' },
      withIcon('key', button('primary', 'Continue with a passkey', () => view.answer('passkey'))),
      !managing && withIcon('person', button('secondary', 'Create an account', () => view.answer('create'))),
      withIcon('phrase', button('secondary', 'Use a recovery phrase', () => view.answer('phrase'))),
    ),
    !managing && element('p', { class: 'hint' }, owning ? ABOUT_OWNER_KEYS : aboutIdentities(stage.applicationName)),
    !owning && actions(button('quiet', 'Cancel', () => view.leave(new Cancelled('the person cancelled')))),
  ]);
}

const ABOUT_OWNER_KEYS =
  'Your owner key is made of your account: the same on every device, and back with your recovery phrase. Its public half is for ' +
  'everybody to see, in the log of applications. No app can tell that it belongs to one of its visitors.';

const aboutIdentities = (application: string): string =>
  `${application} gets an identity made for it alone. It learns neither who you are elsewhere nor any key of yours.`;

/** A step that needs a click, because browsers let nothing but a click open their passkey prompt. */
export function step(stage: Stage, heading: string, text: string, label: string): Promise<void> {
  return stage.ask<void>(heading, (view) => [
    element('p', {}, text),
    element('div', { class: 'stack' }, button('primary', label, () => view.answer())),
    actions(back(view)),
  ]);
}

export interface PhraseShowing {
  readonly heading: string;
  readonly reason: string;
  /** Whether going on without confirming is possible. */
  readonly optional: boolean;
  readonly done: string;
}

/** Show the words when asked to. Answers whether the person goes on to confirm them. */
export function showPhrase(stage: Stage, words: readonly string[], showing: PhraseShowing): Promise<boolean> {
  return stage.ask<boolean>(showing.heading, (view) => {
    const list = element('ol', { class: 'words', id: 'words', 'aria-label': 'Recovery phrase', hidden: true });
    const cover = element('p', { class: 'cover', id: 'cover' }, `${WORDS} words, hidden. Make sure that nobody looks over your shoulder.`);
    const go = button('primary', showing.done, () => view.answer(true), { disabled: true });
    const toggle = button('secondary', 'Show the words', () => {
      const show = list.hidden;
      list.hidden = !show;
      cover.hidden = show;
      list.replaceChildren(...(show ? words.map((word) => element('li', {}, element('span', {}, word))) : []));
      toggle.textContent = show ? 'Hide the words' : 'Show the words';
      toggle.setAttribute('aria-expanded', String(show));
      go.disabled = false;
    }, { 'aria-expanded': 'false', 'aria-controls': 'words' });
    return [
      element('p', {}, showing.reason),
      element('div', { class: 'phrase' }, cover, list, toggle),
      element(
        'ul',
        { class: 'hint' },
        element('li', {}, 'Write them on paper, in order, and keep them where you keep papers that matter.'),
        element('li', {}, 'Whoever reads them is you, in every app. Nobody from Proven will ever ask for them.'),
      ),
      element('div', { class: 'stack' }, go),
      actions(
        showing.optional
          ? button('quiet', 'Not now', () => view.answer(false))
          : button('quiet', 'Cancel', () => view.leave(new WentBack('the person went back'))),
      ),
    ];
  });
}

/** Ask words back. Answers true when they are right, false when the person wants to see them again. */
export function confirmPhrase(stage: Stage, words: readonly string[], positions: readonly number[]): Promise<boolean> {
  return stage.ask<boolean>('Check your recovery phrase', (view) => {
    const inputs = positions.map((position) =>
      element('input', { type: 'text', id: `word-${position}`, ...SECRET_TEXT, maxlength: 16, required: true }),
    );
    const problem = element('div');
    const form = element(
      'form',
      { novalidate: true },
      ...positions.map((position, index) =>
        element('div', { class: 'field' }, element('label', { for: `word-${position}` }, `Word ${position}`), inputs[index]!),
      ),
      problem,
      element('button', { type: 'submit', class: 'primary' }, 'Confirm'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const wrong = inputs.findIndex((input, index) => input.value.trim().toLowerCase() !== words[positions[index]! - 1]);
      if (wrong < 0) return view.answer(true);
      for (const [index, input] of inputs.entries()) input.setAttribute('aria-invalid', String(index === wrong));
      problem.replaceChildren(alert(`Word ${positions[wrong]!} is not the one in your phrase. Look at what you wrote down.`));
      inputs[wrong]!.focus();
    });
    return [
      element('p', {}, 'Type these three words from what you wrote down.'),
      form,
      actions(button('quiet', 'Show the words again', () => view.answer(false))),
    ];
  });
}

export interface PhraseAsking {
  readonly heading: string;
  readonly reason: string;
  readonly submit: string;
  /** Label of the box by which the key may be kept on this device; absent where that is not offered. */
  readonly keep?: string;
}

export interface TypedPhrase {
  readonly seed: Uint8Array<ArrayBuffer>;
  readonly keep: boolean;
}

/** Ask for the whole phrase. */
export function askPhrase(stage: Stage, asking: PhraseAsking, problem?: string): Promise<TypedPhrase> {
  return stage.ask<TypedPhrase>(asking.heading, (view) => {
    const count = element('span', { class: 'count', id: 'count' }, `0 of ${WORDS} words`);
    const problems = element('div', { id: 'problems' }, problem !== undefined && alert(problem));
    const text = element('textarea', {
      id: 'phrase',
      rows: 5,
      maxlength: MAX_TEXT,
      ...SECRET_TEXT,
      'aria-describedby': 'count problems',
    });
    text.addEventListener('input', () => {
      const words = countWords(text.value);
      count.textContent = words > WORDS ? `${words} words, ${words - WORDS} too many` : `${words} of ${WORDS} words`;
    });
    const keep = element('input', { type: 'checkbox', id: 'keep' });
    const form = element(
      'form',
      { novalidate: true },
      element('div', { class: 'field' }, element('label', { for: 'phrase' }, 'Recovery phrase'), text, count),
      problems,
      asking.keep !== undefined && element('div', { class: 'check' }, keep, element('label', { for: 'keep' }, asking.keep)),
      element('button', { type: 'submit', class: 'primary' }, asking.submit),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const reading = readPhrase(text.value);
      if ('seed' in reading) {
        text.value = '';
        return view.answer({ seed: reading.seed, keep: keep.checked });
      }
      text.setAttribute('aria-invalid', 'true');
      problems.replaceChildren(alert(reading.problem));
      text.focus();
    });
    return [element('p', {}, asking.reason), form, actions(back(view))];
  });
}

export interface PasskeyRow {
  readonly id: string;
  readonly label: string;
  readonly createdAt: number;
  readonly usedAt: number | undefined;
  readonly holdsSeed: boolean;
  readonly synced: boolean;
}

export interface SessionRow {
  readonly id: string;
  readonly openedAt: number;
  readonly usedAt: number;
  readonly current: boolean;
}

export interface AccountView {
  readonly origin: string | undefined;
  readonly passkeys: readonly PasskeyRow[];
  /** The passkey that the person signed in with just now. */
  readonly inUse: string | undefined;
  readonly sessions: readonly SessionRow[];
  readonly keptHere: boolean;
  readonly news?: string | undefined;
  readonly problem?: string | undefined;
}

export type AccountAction =
  | { readonly do: 'add' | 'phrase' | 'forget' | 'done' }
  | { readonly do: 'remove'; readonly passkey: PasskeyRow }
  | { readonly do: 'revoke'; readonly session: string };

/** The account, and what can be done with it. */
export function account(stage: Stage, shown: AccountView): Promise<AccountAction> {
  return stage.ask<AccountAction>('Your account', (view) => [
    asked(shown.origin),
    shown.problem !== undefined && alert(shown.problem),
    shown.news !== undefined && element('p', { class: 'news', role: 'status' }, shown.news),
    section(
      'Passkeys',
      element(
        'ul',
        { class: 'rows' },
        ...shown.passkeys.map((passkey) =>
          row(
            passkey.label,
            [
              passkey.id === shown.inUse ? 'In use now' : passkey.usedAt === undefined ? 'Never used' : `Used ${date(passkey.usedAt)}`,
              `added ${date(passkey.createdAt)}`,
              passkey.synced ? 'synced between devices' : undefined,
              passkey.holdsSeed ? undefined : 'asks for the recovery phrase',
            ],
            shown.passkeys.length > 1
              ? button('danger', 'Remove', () => view.answer({ do: 'remove', passkey }), { 'aria-label': `Remove ${passkey.label}` })
              : undefined,
          ),
        ),
      ),
      shown.passkeys.length === 1 && element('p', { class: 'hint' }, 'A second passkey, on another device, lets you in when this one is lost.'),
      button('secondary', 'Add a passkey', () => view.answer({ do: 'add' })),
    ),
    section(
      'Recovery phrase',
      element('p', {}, `${WORDS} words that bring your account back when every passkey is lost.`),
      button('secondary', 'Show recovery phrase', () => view.answer({ do: 'phrase' })),
    ),
    shown.keptHere &&
      section(
        'This device',
        element('p', {}, 'Your key is kept in this browser, so that it does not ask for the recovery phrase.'),
        button('danger', 'Forget the key here', () => view.answer({ do: 'forget' })),
      ),
    shown.sessions.length > 1 &&
      section(
        'Account views that are open',
        element(
          'ul',
          { class: 'rows' },
          ...shown.sessions.map((session) =>
            row(
              session.current ? 'This one' : `Opened ${time(session.openedAt)}`,
              [session.current ? undefined : `used ${time(session.usedAt)}`],
              session.current
                ? undefined
                : button('danger', 'Close', () => view.answer({ do: 'revoke', session: session.id }), {
                    'aria-label': `Close the one opened ${time(session.openedAt)}`,
                  }),
            ),
          ),
        ),
      ),
    element('div', { class: 'stack' }, button('primary', 'Done', () => view.answer({ do: 'done' }))),
  ]);
}

/** Name a passkey that is about to be made. */
export function namePasskey(stage: Stage, suggestion: string): Promise<string> {
  return stage.ask<string>('Add a passkey', (view) => {
    const input = element('input', { type: 'text', id: 'label', maxlength: 64, value: suggestion, autocomplete: 'off', required: true });
    const problems = element('div');
    const form = element(
      'form',
      { novalidate: true },
      element('div', { class: 'field' }, element('label', { for: 'label' }, 'Name'), input),
      problems,
      element('button', { type: 'submit', class: 'primary' }, 'Make the passkey'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const label = input.value.trim();
      if (label !== '') return view.answer(label);
      problems.replaceChildren(alert('Give it a name by which you will know it in the list.'));
      input.focus();
    });
    return [element('p', {}, 'Name it after where it is kept, then follow your browser.'), form, actions(back(view))];
  });
}

/** Make sure that the person means it. Answers only if they do. */
export function confirm(stage: Stage, heading: string, text: string, label: string): Promise<void> {
  return stage.ask<void>(heading, (view) => [
    element('p', {}, text),
    element('div', { class: 'stack' }, button('danger', label, () => view.answer())),
    actions(back(view, 'Keep it')),
  ]);
}

export type UnknownPhrase = 'again' | 'create';

/** A phrase that is none this node has seen: very likely another one than the person meant. */
export function unknownPhrase(stage: Stage): Promise<UnknownPhrase> {
  return stage.ask<UnknownPhrase>('No account has this phrase', (view) => [
    element('p', {}, 'The words fit together, but no account here was made with them. It may be the phrase of something else, such as a wallet.'),
    element(
      'div',
      { class: 'stack' },
      button('primary', 'Try another phrase', () => view.answer('again')),
      button('secondary', 'Make an account with this phrase', () => view.answer('create')),
    ),
    actions(back(view)),
  ]);
}

/** After recovery: make a passkey here, or go on for this once. */
export function recovered(stage: Stage): Promise<'passkey' | 'once'> {
  return stage.ask<'passkey' | 'once'>('Welcome back', (view) => [
    element('p', {}, 'This is your account, with everything in it. Make a passkey on this device, so that you need no phrase the next time.'),
    element(
      'div',
      { class: 'stack' },
      withIcon('key', button('primary', 'Make a passkey', () => view.answer('passkey'))),
      button('secondary', 'Only this once', () => view.answer('once')),
    ),
    actions(back(view)),
  ]);
}

/** Offer to keep the key on this device, for a passkey that cannot hold it. */
export function offerKeeping(stage: Stage): Promise<boolean> {
  return stage.ask<boolean>('Keep your key on this device?', (view) => [
    element('p', {}, 'This passkey cannot hold your key, so signing in with it asks for your recovery phrase, unless the key is kept in this browser.'),
    element('p', { class: 'hint' }, 'Kept here it can be used but not read, not even by us. Do not keep it on a device that others use.'),
    element(
      'div',
      { class: 'stack' },
      button('primary', 'Keep it on this device', () => view.answer(true)),
      button('secondary', 'Ask for the phrase each time', () => view.answer(false)),
    ),
  ]);
}

const SECRET_TEXT = {
  autocomplete: 'off',
  autocapitalize: 'none',
  autocorrect: 'off',
  spellcheck: 'false',
  'data-1p-ignore': '',
  'data-lpignore': 'true',
} as const;

function asked(origin: string | undefined): HTMLElement | undefined {
  return origin === undefined ? undefined : element('p', { class: 'asked' }, 'Asked by ', element('b', {}, origin));
}

function date(milliseconds: number): string {
  return new Date(milliseconds).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString('en', { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
}
