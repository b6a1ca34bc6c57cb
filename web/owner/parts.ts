/** Parts of the owner page's views. */
import { button, type Child, element } from '../sign-in/dom.ts';
import { duration } from './words.ts';

/** Names and values, one below the other. */
export function facts(...rows: (readonly [name: string, ...value: Child[]] | undefined)[]): HTMLElement {
  const list = element('dl', { class: 'facts' });
  for (const row of rows) {
    if (row === undefined) continue;
    const [name, ...value] = row;
    const shown = value.map((each) => (typeof each === 'string' ? element('span', {}, each) : each));
    list.append(element('div', {}, element('dt', {}, name), element('dd', {}, ...shown)));
  }
  return list;
}

/** A key, id or hash, in full. */
export const code = (text: string): HTMLElement => element('code', {}, text);

export const codes = (texts: readonly string[]): HTMLElement => element('ul', { class: 'codes' }, ...texts.map((text) => element('li', {}, code(text))));

/** To a page of the node in a window of its own, which learns nothing of this one. */
export function link(path: string, text: string): HTMLAnchorElement {
  return element('a', { href: path, target: '_blank', rel: 'noopener noreferrer' }, text);
}

/** When something takes effect whose time comes `at` (Unix milliseconds), kept up to date while it is shown. */
export function countdown(at: number): HTMLElement {
  const left = element('span', { class: 'countdown' });
  const tick = (): void => {
    const seconds = (at - Date.now()) / 1000;
    left.textContent = seconds > 0 ? `Takes effect in ${duration(seconds)}.` : 'Its time has come.';
  };
  tick();
  let shown = false;
  const timer = setInterval(() => {
    shown ||= left.isConnected;
    if (shown && !left.isConnected) clearInterval(timer);
    else tick();
  }, 1000);
  return left;
}

/** A button that puts `text` on the clipboard and says so. */
export function copyButton(text: string, label: string): HTMLButtonElement {
  const made = button('secondary', 'Copy', () => {
    navigator.clipboard.writeText(text).then(
      () => {
        made.textContent = 'Copied';
      },
      () => {
        made.textContent = 'Select it and copy';
      },
    );
  }, { 'aria-label': label, class: 'secondary small', 'aria-live': 'polite' });
  return made;
}

/** Something that cannot be taken back: the button works once the name is typed. */
export function guarded(name: string, kind: string, label: string, fields: Child[], onConfirm: () => void): HTMLElement {
  const id = `confirm-${kind}`;
  const typed = element('input', { type: 'text', id, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: 64 });
  const go = element('button', { type: 'submit', class: 'danger', disabled: true }, label);
  typed.addEventListener('input', () => {
    go.disabled = typed.value !== name;
  });
  const form = element(
    'form',
    { novalidate: true },
    ...fields,
    element('div', { class: 'field' }, element('label', { for: id }, `Type ${name} to go on`), typed),
    go,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (event.isTrusted && typed.value === name) onConfirm();
  });
  return form;
}
