/** What somebody is about to sign, in words, and what became of it. */
import { type Bytes, toHex } from '../../packages/sdk/src/bytes.ts';
import { type Command, guardiansOf } from '../../packages/sdk/src/log/applications.ts';
import type { ApplicationState } from '../../packages/sdk/src/log/replay.ts';
import { alert, button, type Child, element } from '../sign-in/dom.ts';
import { actions, withIcon } from '../sign-in/parts.ts';
import type { Stage, View } from '../sign-in/screen.ts';
import type { Asked } from './asked.ts';
import type { Reading } from './log.ts';
import { code, codes, countdown, facts, link } from './parts.ts';
import type { Permission } from './permission.ts';
import { noticeOf, signersOf } from './rules.ts';
import { news, stateFacts } from './views.ts';
import { duration, givenAway, guardiansInWords, inWords, moment, readingInWords, visible } from './words.ts';

type Fact = readonly [name: string, ...value: Child[]];

/** Where the wish comes from: a program on this machine, a file, or a button of this page. */
export type From = 'terminal' | 'file' | 'page';

export interface Review {
  readonly asked: Asked;
  readonly from: From;
  /** Null for an application to be created. */
  readonly reading: Reading | null;
  /** Whether the node has the package that is deployed; undefined for other commands. */
  readonly packageKnown: boolean | undefined;
  readonly roles: readonly string[];
}

export interface PermissionReview {
  readonly permission: Permission;
  readonly reading: Reading;
  readonly roles: readonly string[];
}

export type Choice = 'passkey' | 'phrase' | 'create' | 'no';

/** Show everything that will be signed, and ask how. */
export function review(stage: Stage, shown: Review, problem?: string): Promise<Choice> {
  const { asked, reading, from } = shown;
  return stage.ask<Choice>('Sign this?', (view) => [
    problem !== undefined && alert(problem),
    element('p', { class: 'command' }, inWords(asked.command)),
    what(shown),
    element('p', { class: 'hint' }, FROM[from === 'terminal' && asked.signatures.length > 0 ? 'cosigner' : from]),
    ...ways(view, asked.applicationId === null),
    ...asItIsNow(reading, shown.roles),
  ]);
}

/** Show what the command line is to read, and until when, and ask how. */
export function reviewPermission(stage: Stage, { permission, reading, roles }: PermissionReview, problem?: string): Promise<Choice> {
  const { what: read, until, reader, applicationId, origin } = permission;
  const name = reading.state?.name ?? '';
  return stage.ask<Choice>('Sign this?', (view) => [
    problem !== undefined && alert(problem),
    element('p', { class: 'command' }, readingInWords(read, name, until)),
    facts(
      ['Application', element('b', {}, visible(name)), code(applicationId)],
      ['What is read', READ[read]],
      ['Until', moment(until * 1000), 'It cannot be taken back before; it ends with the command.'],
      ['Who reads', 'The command that asks for it, by a key that it keeps to itself', code(reader)],
      ['Network', code(visible(origin))],
    ),
    element('p', {}, 'It changes nothing, and nothing can be changed by it.'),
    element('p', { class: 'hint' }, FROM.terminal),
    ...ways(view, false),
    ...asItIsNow(reading, roles),
  ]);
}

const READ = {
  logs: 'Console lines of its handlers, errors with their stacks, deploys, and what was ended.',
  metrics: 'How often its handlers were called, how long that took, and how they failed.',
} as const;

function ways(view: View<Choice>, creates: boolean): Child[] {
  return [
    element(
      'div',
      { class: 'stack' },
      withIcon('key', button('primary', 'Sign with a passkey', () => view.answer('passkey'))),
      withIcon('phrase', button('secondary', 'Sign with your recovery phrase', () => view.answer('phrase'))),
      creates && withIcon('person', button('secondary', 'Create an account and sign', () => view.answer('create'))),
    ),
    actions(button('quiet', 'Do not sign', () => view.answer('no'))),
  ];
}

function asItIsNow(reading: Reading | null, roles: readonly string[]): Child[] {
  return [
    reading?.state != null && element('details', { open: true }, element('summary', {}, 'As it is now'), stateFacts(reading.state, roles)),
    reading !== null && !reading.complete &&
      element('p', { class: 'hint' }, 'The log is too long to be read whole here: that no entry of the application was left out is the word of the node.'),
  ];
}

const FROM = {
  terminal: 'The command line of this machine handed this over. If you did not ask for it there just now, do not sign.',
  cosigner: 'The command line of this machine handed over what others have signed. If you did not ask for it there just now, do not sign.',
  file: 'Whoever gave you the file may have given it another name. What counts is what is above.',
  page: 'You asked for this on this page.',
} as const;

function what({ asked, reading, packageKnown }: Review): HTMLElement {
  const { command, signatures, revision, origin } = asked;
  const state = reading?.state ?? null;
  const target: Fact = asked.applicationId === null
    ? ['Application', 'A new one, owned by your owner key alone. Its name is for ever.']
    : ['Application', element('b', {}, visible(state?.name ?? '')), code(asked.applicationId)];
  return facts(
    target,
    ...details(asked, packageKnown, state),
    asked.applicationId === null ? undefined : ['In its log', place(command.command, revision)],
    ['Network', code(visible(origin))],
    signatures.length > 0 ? ['Signed by', counted(asked, state), codes(signatures.map(([key]) => toHex(key)))] : undefined,
    ...(state === null ? [] : notice(asked, state)),
    command.command === 'TransferOwnership' && state !== null ? ['Owner until then', code(toHex(state.owner))] : undefined,
  );
}

const place = (command: Command['command'], revision: number): string =>
  command === 'Veto' || command === 'CancelUpgrade'
    ? 'while this change is pending, and for no other'
    : `as entry ${revision + 1} of its own; if anything comes first, this has no effect`;

/** How many have signed, of how many that have to. */
function counted({ command, signatures }: Asked, state: ApplicationState | null): string | false {
  return state !== null && `${signatures.length} of the ${signersOf(state, command.command).threshold} that it takes`;
}

function* notice({ command }: Asked, state: ApplicationState): Generator<Fact> {
  const seconds = noticeOf(state, command.command);
  if (seconds > 0) yield ['Notice', `It is announced, for everybody to see, and takes effect ${duration(seconds)} later.`];
}

function* details({ command, applicationId }: Asked, packageKnown: boolean | undefined, state: ApplicationState | null): Generator<Fact> {
  const live = state?.versions.at(-1)?.packageId;
  const pending = state?.pending ?? null;
  if (pending !== null && (command.command === 'Veto' || command.command === 'CancelUpgrade')) {
    yield ['The change', inWords(pending.change), countdown(pending.activatesAt)];
  }
  const policy = 'policy' in command ? command.policy : undefined;
  if (policy !== undefined) {
    if ('keys' in policy) yield ['Who signs', codes(policy.keys.map(toHex))];
    if (guardiansOf(policy).length > 0) yield ['Guardians', guardiansInWords(policy), codes(guardiansOf(policy).map(toHex))];
    if (policy.kind === 'immutable') yield ['Careful', 'Nobody, you included, can ever change it again.'];
  }
  if (command.command === 'Archive') yield ['Careful', 'It ends for good, and nobody ever gets its name.'];
  if (command.command === 'TransferOwnership') yield ['Careful', givenAway(state?.policy)];
  if (command.command === 'Deploy') {
    const { packageId } = command;
    if (packageId === live) yield ['Package', 'It is the one that answers now.'];
    else if (packageKnown) yield ['Package', link(`/explorer/packages/${packageId}`, 'Its sources, in the explorer')];
    else yield ['Package', 'The node does not have it yet. ', code('proven package hash FOLDER'), ' says whether this is the id of what you reviewed.'];
    if (live !== undefined && packageId !== live) yield ['Live now', code(live), link(`/explorer/applications/${applicationId}/versions`, 'Its versions, and what each changed')];
  }
  if ('origin' in command && command.origin.includes('xn--')) yield ['Careful', 'xn-- stands for letters beyond a to z, which can look like others.'];
  if ('domain' in command && command.domain.includes('xn--')) yield ['Careful', 'xn-- stands for letters beyond a to z, which can look like others.'];
}

export interface Outcome {
  readonly words: string;
  readonly key: Bytes;
  /** How many have signed, of how many that have to. */
  readonly signed: number;
  readonly threshold: number;
  /** Whether it can be sent from here: a new package cannot. */
  readonly sendable: boolean;
  readonly problem?: string | undefined;
}

/** Signed: what is to be done with it? */
export function signed(stage: Stage, shown: Outcome): Promise<'send' | 'save' | 'done'> {
  const enough = shown.signed >= shown.threshold;
  return stage.ask<'send' | 'save' | 'done'>('Signed', (view) => [
    shown.problem !== undefined && alert(shown.problem),
    element('p', { class: 'command' }, shown.words),
    facts(['By', code(toHex(shown.key))], ['Signatures', `${shown.signed} of the ${shown.threshold} that it takes`]),
    !enough && element('p', {}, 'Save the file and pass it on: others have to sign it too.'),
    enough && !shown.sendable &&
      element('p', {}, 'Save the file, then send it together with the package: ', code('proven app send FILE --package FOLDER')),
    element(
      'div',
      { class: 'stack' },
      enough && shown.sendable && button('primary', 'Send it', () => view.answer('send')),
      button(enough && shown.sendable ? 'secondary' : 'primary', 'Save the file', () => view.answer('save')),
    ),
    actions(button('quiet', 'Done', () => view.answer('done'))),
  ]);
}

/** Signed, and the command line cannot be told: it may be on another machine, or the browser may not let pages reach it. */
export function stranded(stage: Stage, words: string, problem: string, saveable: boolean): Promise<'again' | 'save' | 'done'> {
  return stage.ask<'again' | 'save' | 'done'>('Signed, but not handed back', (view) => [
    alert(problem),
    element('p', { class: 'command' }, words),
    saveable
      ? element(
        'p',
        {},
        AGAIN,
        'If it runs elsewhere, save the file, end the command line there, and hand the file in: ',
        code('proven app send FILE'),
        ', for a new version with ',
        code('--package FOLDER'),
        '.',
      )
      : element('p', {}, AGAIN, 'If it runs elsewhere, have the port that it names there lead to it from this machine, then try again.'),
    element(
      'div',
      { class: 'stack' },
      button('primary', 'Try again', () => view.answer('again')),
      saveable && button('secondary', 'Save the file', () => view.answer('save')),
    ),
    actions(button('quiet', 'Done', () => view.answer('done'))),
  ]);
}

const AGAIN = 'If the command line still waits on this machine, try again: your browser may ask whether this page may reach it. ';

export interface Sent {
  readonly words: string;
  readonly origin: string;
  readonly logIndex: number;
  readonly activatesAt: number | undefined;
}

/** It is in the log. */
export function sent(stage: Stage, { words, origin, logIndex, activatesAt }: Sent): Promise<void> {
  return stage.ask<void>('Done', (view) => [
    news(`It is entry ${logIndex} of the log ${visible(origin)}.`),
    element('p', { class: 'command' }, words),
    activatesAt === undefined
      ? element('p', {}, 'It is in force.')
      : element('p', {}, 'It is announced, for everybody to see. ', countdown(activatesAt), ' Until then it can be taken back.'),
    element('p', {}, link(`/explorer/log/${logIndex}`, 'The entry, in the explorer')),
    element('div', { class: 'stack' }, button('primary', 'Your applications', () => view.answer())),
  ]);
}
