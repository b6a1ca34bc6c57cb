/** What every view starts with: where it is, its heading, and the way to its JSON. */

import type { Child } from './dom.ts';
import { h, replace } from './dom.ts';
import { ApiError } from './data.ts';

export interface Route {
  path: readonly string[];
  query: URLSearchParams;
}

export interface Context {
  main: HTMLElement;
  route: Route;
  /** Aborted when another view is shown. */
  signal: AbortSignal;
}

export type View = (context: Context) => Promise<void>;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function link(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const text = new URLSearchParams(pairs).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

/** The heading of a view, with a link to the same data as JSON. */
export function heading(title: string, json: string, ...beside: Child[]): HTMLElement {
  document.title = `${title} · Proven console`;
  return h(
    'div',
    { class: 'heading' },
    h('h1', {}, title),
    ...beside,
    h('a', { class: 'json', href: json, target: '_blank', rel: 'noopener', 'aria-label': `${title} as JSON` }, 'JSON'),
  );
}

export function section(title: string, id: string, ...children: Child[]): HTMLElement {
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

export function failure(error: unknown): HTMLElement {
  const known = error instanceof ApiError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return h('div', { class: 'problem', role: 'alert' }, h('strong', {}, known?.code ?? 'ERROR'), ' ', message);
}

/** Fill `place` with what `work` makes, or with what went wrong. */
export async function load(place: HTMLElement, signal: AbortSignal, work: () => Promise<Child[]>): Promise<void> {
  try {
    const made = await work();
    if (!signal.aborted) replace(place, ...made);
  } catch (error) {
    if (!signal.aborted) replace(place, failure(error));
  }
}
