/** Parts of views. */
import { button, type Child, element, icon } from './dom.ts';
import { WentBack } from './screen.ts';

export function actions(...buttons: Child[]): HTMLElement {
  return element('div', { class: 'actions' }, ...buttons);
}

export function back(view: { leave(error: Error): void }, label = 'Back'): HTMLButtonElement {
  return button('quiet', label, () => view.leave(new WentBack('the person went back')));
}

export function withIcon(name: Parameters<typeof icon>[0], made: HTMLButtonElement): HTMLButtonElement {
  made.prepend(icon(name));
  return made;
}

export function section(heading: string, ...children: Child[]): HTMLElement {
  return element('section', {}, element('h2', {}, heading), ...children);
}

export function row(name: string, facts: readonly (string | undefined)[], action: Child): HTMLElement {
  const said = facts.filter((fact) => fact !== undefined).join(' · ');
  return element('li', {}, element('div', {}, element('b', {}, name), said !== '' && element('small', {}, said)), action);
}
