/** Every view of the owner page, as a question to the person. */
import { type Bytes, fromHex, toHex } from '../../packages/sdk/src/bytes.ts';
import { isKey } from '../../packages/sdk/src/log/ed25519.ts';
import type { UpgradePolicy } from '../../packages/sdk/src/log/applications.ts';
import type { ApplicationState } from '../../packages/sdk/src/log/replay.ts';
import { alert, button, element } from '../sign-in/dom.ts';
import { actions, back, section } from '../sign-in/parts.ts';
import type { Stage } from '../sign-in/screen.ts';
import { code, codes, copyButton, countdown, facts, guarded, link } from './parts.ts';
import type { Listed } from './node.ts';
import { rolesOf, signersOf } from './rules.ts';
import { givenAway, inWords, guardiansInWords, moment, policyInWords, visible } from './words.ts';

export interface Home {
  readonly key: Bytes;
  readonly applications: readonly Listed[];
  readonly more: boolean;
  readonly news?: string | undefined;
  readonly problem?: string | undefined;
}

export type HomeAction =
  | { readonly do: 'account' | 'leave' | 'refresh' }
  | { readonly do: 'open'; readonly application: string }
  | { readonly do: 'file'; readonly file: File };

/** The owner key and what it signs for. */
export function home(stage: Stage, shown: Home): Promise<HomeAction> {
  return stage.ask<HomeAction>('Your applications', (view) => {
    const file = element('input', { type: 'file', id: 'file', accept: '.command' });
    file.addEventListener('change', () => {
      const [chosen] = file.files ?? [];
      if (chosen !== undefined) view.answer({ do: 'file', file: chosen });
    });
    const open = ({ id, name, roles, version, pending, archived }: Listed): HTMLElement => {
      const said = [roles.join(', '), archived ? 'archived' : version === 0 ? 'no version yet' : `version ${version}`];
      return element(
        'li',
        {},
        element(
          'div',
          {},
          element('b', {}, visible(name)),
          element('small', {}, said.join(' · ')),
          pending !== undefined && element('small', {}, `Announced: ${visible(pending.words)}`),
          pending !== undefined && element('small', {}, countdown(pending.activatesAt)),
        ),
        button('secondary', 'Open', () => view.answer({ do: 'open', application: id }), { 'aria-label': `Open ${visible(name)}`, class: 'secondary small' }),
      );
    };
    return [
      shown.problem !== undefined && alert(shown.problem),
      shown.news !== undefined && news(shown.news),
      section(
        'Your owner key',
        element('div', { class: 'key' }, code(toHex(shown.key)), copyButton(toHex(shown.key), 'Copy your owner key')),
        element('p', { class: 'hint' }, 'Give it to whoever is to transfer an application to you, or to name you in a policy. It is no secret.'),
      ),
      section(
        'Applications that you sign for',
        shown.applications.length === 0
          ? element('p', { class: 'hint' }, 'None yet. ', element('code', {}, 'proven app create NAME --passkey'), ' makes one.')
          : element('ul', { class: 'rows' }, ...shown.applications.map(open)),
        shown.more && element('p', { class: 'hint' }, 'There are more; the explorer has them all.'),
      ),
      section(
        'Sign a command',
        element(
          'div',
          { class: 'field' },
          element('label', { for: 'file' }, 'A command file'),
          file,
          element('p', { class: 'hint' }, 'What ', element('code', {}, 'proven app … --save FILE'), ' wrote. You see what it says before you sign.'),
        ),
      ),
      actions(
        button('quiet', 'Passkeys and recovery phrase', () => view.answer({ do: 'account' })),
        button('quiet', 'Look again', () => view.answer({ do: 'refresh' })),
        button('quiet', 'Sign out', () => view.answer({ do: 'leave' })),
      ),
    ];
  });
}

export type ApplicationAction =
  | { readonly do: 'cancel' | 'veto' | 'archive' }
  | { readonly do: 'transfer'; readonly to: Bytes };

/** One application as the log has it, and what the holder of `key` can do with it. */
export function application(stage: Stage, key: Bytes, state: ApplicationState): Promise<ApplicationAction> {
  return stage.ask<ApplicationAction>(visible(state.name), (view) => {
    const { name, pending, policy } = state;
    const may = (command: Parameters<typeof signersOf>[1]): boolean =>
      !state.archived && signersOf(state, command).keys.some((each) => toHex(each) === toHex(key));
    return [
      stateFacts(state, rolesOf(state, key)),
      pending !== null &&
        section(
          'Announced',
          element('p', { class: 'command' }, inWords(pending.change)),
          element('p', {}, countdown(pending.activatesAt)),
          pending.change.command === 'Deploy' && element('p', {}, link(`/explorer/applications/${state.id}/diff`, 'What it changes, in the explorer')),
          may('CancelUpgrade') && button('secondary', 'Take it back', () => view.answer({ do: 'cancel' })),
          may('Veto') && button('danger', 'Veto it', () => view.answer({ do: 'veto' })),
        ),
      pending === null && policy.kind !== 'immutable' && may('TransferOwnership') && section('Give it away', transferForm(name, policy, view.answer)),
      may('Archive') &&
        section(
          'End it',
          element('p', { class: 'hint' }, 'It answers no more, for good, and nobody ever gets its name.'),
          guarded(name, 'archive', 'Archive it', [], () => view.answer({ do: 'archive' })),
        ),
      actions(back(view)),
    ];
  });
}

function transferForm(name: string, policy: UpgradePolicy, answer: (action: ApplicationAction) => void): HTMLElement {
  const to = element('input', { type: 'text', id: 'to', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: 64 });
  const problems = element('div');
  const fields = [
    element('p', { class: 'hint' }, givenAway(policy)),
    element('div', { class: 'field' }, element('label', { for: 'to' }, 'Owner key of the new owner'), to),
    problems,
  ];
  return guarded(name, 'transfer', 'Make them the owner', fields, () => {
    if (/^[0-9a-f]{64}$/.test(to.value) && isKey(fromHex(to.value))) return answer({ do: 'transfer', to: fromHex(to.value) });
    problems.replaceChildren(alert('That is no owner key: it has 64 digits, as the new owner’s page or `proven key show` has them.'));
    to.focus();
  });
}

/** What is true of an application now. */
export function stateFacts(state: ApplicationState, roles: readonly string[]): HTMLElement {
  const { id, owner, versions, policy, archived } = state;
  const live = versions.at(-1);
  return facts(
    ['Application', code(id)],
    roles.length > 0 ? ['You are', roles.join(', ')] : undefined,
    ['Version', live === undefined ? 'none yet' : `${live.number}, since ${moment(live.at)}`, live !== undefined && code(live.packageId)],
    ['Policy', archived ? 'It is archived: nobody can change it.' : policyInWords(policy), guardiansInWords(policy)],
    ['Owner', code(toHex(owner))],
    'keys' in policy ? ['Who signs', codes(policy.keys.map(toHex))] : undefined,
    'guardians' in policy && policy.guardians.length > 0 ? ['Guardians', codes(policy.guardians.map(toHex))] : undefined,
    ['More', link(`/explorer/applications/${id}`, 'Everything about it, in the explorer')],
  );
}

/** Something is said, and there is one way on. */
export function tell(stage: Stage, heading: string, text: string, label = 'Back'): Promise<void> {
  return stage.ask<void>(heading, (view) => [
    element('p', {}, text),
    element('div', { class: 'stack' }, button('primary', label, () => view.answer())),
  ]);
}

/** What cannot be signed here, and why. */
export function refused(stage: Stage, why: string): Promise<void> {
  return stage.ask<void>('This cannot be signed', (view) => [
    alert(why),
    element('p', {}, 'Nothing was signed.'),
    element('div', { class: 'stack' }, button('primary', 'Go on', () => view.answer())),
  ]);
}

export function news(text: string): HTMLElement {
  return element('p', { class: 'news', role: 'status' }, text);
}
