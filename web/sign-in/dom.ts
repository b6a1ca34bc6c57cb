/** Elements made without markup: text stays text, whatever it says. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined | false;

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, '');
    else if (value !== undefined && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** A button that does not submit; what it does is fixed when it is made. */
export function button(
  kind: 'primary' | 'secondary' | 'quiet' | 'danger',
  label: string,
  onClick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = element('button', { type: 'button', class: kind, ...attributes }, label);
  made.addEventListener('click', (event) => {
    if (event.isTrusted) onClick();
  });
  return made;
}

export function alert(text: string): HTMLElement {
  return element('p', { class: 'problem', role: 'alert' }, text);
}

/** A picture that says nothing which the text beside it does not say. */
export function icon(name: 'key' | 'person' | 'phrase' | 'lock'): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  key: 'M8 15a4 4 0 1 1 3.9-5H21v3h-2v3h-3v-3h-4.1A4 4 0 0 1 8 15Zm0-3a1 1 0 1 0 0-2 1 1 0 0 0 0 2Z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 8c0-3.3 3.6-5.5 8-5.5s8 2.2 8 5.5v.5H4Z',
  phrase: 'M5 4h14v16H5Zm3 4v1.6h8V8Zm0 3.5v1.6h8v-1.6ZM8 15v1.6h5V15Z',
  lock: 'M7 10V8a5 5 0 0 1 10 0v2h1v10H6V10Zm2 0h6V8a3 3 0 0 0-6 0Z',
} as const;
