/** A form that calls a handler, and what came of it. */

import type { Application, Handler, Parameter } from './api.ts';
import { badge, button, code, h, replace } from './dom.ts';
import { duration, handlerName, short } from './format.ts';
import { EXTENSIONS, format, parse } from './json.ts';
import type { Outcome } from './session.ts';
import { sessionWith } from './session.ts';

let made = 0;

export function handlerForm(application: Application, handler: Handler, origin: string, signal: AbortSignal): HTMLElement {
  if (handler.kind === 'rpc') return callForm(application, handler, signal);
  if (handler.kind === 'http') return route(handler, origin);
  return h('p', { class: 'dim' }, `It waits for ${handler.kind.replaceAll('_', ' ')} triggers${handler.trigger ? ` (${handler.trigger})` : ''}, which this version does not run.`);
}

function route(handler: Handler, origin: string): HTMLElement {
  const path = handler.path ?? '/';
  const method = handler.method ?? 'GET';
  const direct = (method === 'GET') && !/(^|\/):/.test(path);
  return h(
    'div',
    { class: 'call' },
    h('p', {}, 'It answers HTTP requests on the application’s own host:'),
    h('pre', { class: 'value', tabindex: '0' }, `curl ${method === 'GET' ? '' : `-X ${method} `}'${origin}${path}'`),
    direct ? h('p', {}, h('a', { href: `${origin}${path}`, target: '_blank', rel: 'noopener' }, `Open ${path}`)) : null,
  );
}

/** One argument: where it is written, and what it stands for. */
interface Editor {
  element: HTMLElement;
  /** The value; undefined where it was left out. Throws when it cannot be read, and says so beside the field. */
  values(): { given: boolean; values: unknown[] };
}

function editor(label: string, type: string | null, required: boolean, rest: boolean, read: (text: string) => unknown[], hint: string): Editor {
  const id = `argument-${++made}`;
  const wrong = h('span', { class: 'wrong', id: `${id}-wrong`, role: 'alert' });
  const control = type === 'boolean' && !rest
    ? h('select', { id, 'aria-describedby': wrong.id }, ...(required ? [] : [h('option', { value: '' }, 'left out')]), h('option', { value: 'true' }, 'true'), h('option', { value: 'false' }, 'false'))
    : h('textarea', { id, rows: 1, placeholder: hint, spellcheck: 'false', autocomplete: 'off', 'aria-describedby': wrong.id });
  const element = h(
    'div',
    { class: 'argument' },
    h('label', { class: 'argument-name', for: id }, h('strong', { class: 'mono' }, label), type ? h('span', { class: 'type mono' }, type) : null, required ? null : h('span', { class: 'dim' }, rest ? 'any number' : 'optional')),
    control,
    wrong,
  );
  return {
    element,
    values() {
      wrong.textContent = '';
      control.removeAttribute('aria-invalid');
      const text = control.value;
      if (text === '' && (!required || rest)) return { given: false, values: [] };
      try {
        return { given: true, values: read(text) };
      } catch (error) {
        wrong.textContent = error instanceof Error ? error.message : String(error);
        control.setAttribute('aria-invalid', 'true');
        control.focus();
        throw error;
      }
    },
  };
}

function list(text: string): unknown[] {
  const value = parse(text || '[]');
  if (!Array.isArray(value)) throw new Error('this is not a JSON array');
  return value;
}

function editorFor(parameter: Parameter): Editor {
  const { name, type, optional, rest } = parameter;
  if (rest) return editor(name, type, false, true, list, 'JSON array');
  if (type === 'string') return editor(name, type, !optional, false, (text) => [text], optional ? 'text, or empty to leave it out' : 'text');
  const json = (text: string): unknown[] => {
    if (text.trim() === '') throw new Error('an argument is missing: write JSON');
    return [parse(text)];
  };
  return editor(name, type, !optional, false, json, hints.get(type ?? '') ?? 'JSON');
}

const hints = new Map([
  ['number', '1'],
  ['bigint', '{"$bigint": "1"}'],
  ['Date', '{"$date": "2026-01-31T12:00:00Z"}'],
  ['Uint8Array', '{"$bytes": "aGk="}'],
  ['string[]', '["text"]'],
  ['number[]', '[1, 2]'],
]);

function callForm(application: Application, handler: Handler, signal: AbortSignal): HTMLElement {
  const place = h('div', { class: 'call' });
  const result = h('div', { 'aria-live': 'polite' });
  const fields = h('div', { class: 'call' });
  let editors: Editor[] = [];
  const whole = h('input', { type: 'checkbox' });
  const fill = (): void => {
    const parameters = handler.parameters;
    editors = parameters === null || whole.checked
      ? [editor('arguments', null, true, false, list, '[]')]
      : parameters.map(editorFor);
    replace(fields, ...editors.map((each) => each.element), editors.length ? null : h('p', { class: 'dim' }, 'It takes no arguments.'));
  };
  whole.addEventListener('change', fill);
  fill();
  const read = (): unknown[] => {
    if (handler.parameters === null || whole.checked) return editors[0]?.values().values ?? [];
    const found = editors.map((each) => each.values());
    const last = found.findLastIndex((each) => each.given);
    return found.slice(0, last + 1).flatMap((each) => (each.given ? each.values : [undefined]));
  };
  const form = h('form', { class: 'call', 'aria-label': `Call ${handlerName(handler.address)}`, novalidate: true });
  const send = h('button', { type: 'submit', class: 'primary' }, 'Call');
  const call = async (): Promise<void> => {
    let args: unknown[];
    try {
      args = read();
    } catch {
      return;
    }
    send.disabled = true;
    send.textContent = 'Calling';
    const outcome = await sessionWith(application.id).call(handler.address, args);
    send.disabled = false;
    send.textContent = 'Call';
    if (!signal.aborted) replace(result, outcomeView(outcome));
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!send.disabled) void call();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.append(
    fields,
    h('div', { class: 'actions' }, send, h('span', { class: 'dim' }, 'or Ctrl+Enter'), caller(application, signal), h('label', { class: 'check' }, whole, 'All arguments as one JSON array')),
  );
  if (handler.parameters === null) whole.parentElement?.remove();
  place.append(
    form,
    h(
      'details',
      { class: 'quiet' },
      h('summary', {}, 'Values that JSON has no form for'),
      h('dl', { class: 'extensions' }, ...EXTENSIONS.map(([text, what]) => h('div', {}, h('dt', {}, code(text)), h('dd', {}, what)))),
      h('p', {}, 'An argument of type ', code('string'), ' is taken as it is written, without quotes.'),
    ),
  );
  return h('div', {}, place, result);
}

/** As whom calls are made, and how to change that. */
function caller(application: Application, signal: AbortSignal): HTMLElement {
  const session = sessionWith(application.id);
  const place = h('span', { class: 'actions' });
  const wrong = h('span', { class: 'bad', role: 'alert' });
  const attempt = (work: () => Promise<unknown>): void => {
    wrong.textContent = '';
    work().catch((error: unknown) => {
      wrong.textContent = error instanceof Error ? error.message : String(error);
    });
  };
  const show = (): void => {
    const user = session.user.value;
    replace(
      place,
      h('span', { title: user?.identity ?? '' }, 'as ', user ? h('span', { class: 'mono' }, short(user.identity)) : 'anonymous'),
      user ? button('Sign out', () => attempt(() => session.signOut())) : button('Sign in', () => attempt(() => session.signIn())),
      wrong,
    );
  };
  const end = session.user.subscribe(show);
  signal.addEventListener('abort', end);
  show();
  return place;
}

function outcomeView(outcome: Outcome): HTMLElement {
  const { error, entry, lines } = outcome;
  const details = error?.details as { stack?: unknown } | undefined;
  return h(
    'div',
    { class: 'result', role: 'group', 'aria-label': 'Result' },
    h(
      'div',
      { class: 'result-head' },
      error ? h('strong', { class: 'bad mono' }, error.code) : h('strong', { class: 'good' }, 'returned'),
      entry ? h('span', {}, `${duration(entry.duration_us)} in the node`) : null,
      h('span', { class: 'dim' }, `${duration(Math.round(outcome.milliseconds * 1000))} in all`),
      entry ? h('span', { class: 'dim', title: entry.identity ?? '' }, entry.identity ? `as ${short(entry.identity)}` : 'anonymous') : null,
      entry ? h('span', { class: 'dim mono', title: entry.package_id }, `package ${short(entry.package_id)}`) : null,
    ),
    error ? h('p', { class: 'message' }, error.message) : null,
    error
      ? typeof details?.stack === 'string' ? h('pre', { tabindex: '0' }, details.stack) : null
      : h('pre', { tabindex: '0' }, format(outcome.value)),
    lines.length ? h('ul', { class: 'console', 'aria-label': 'Console' }, ...lines.map((line) => h('li', {}, badge(line.level, `level-${line.level}`), h('span', { class: 'mono' }, line.text)))) : null,
  );
}
