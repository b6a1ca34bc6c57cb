/** Calls and log lines as they happen. */

import type { CallEntry, Entry, LogEntry } from './api.ts';
import { address } from './data.ts';
import { badge, button, code, empty, h, replace, select } from './dom.ts';
import { clock, count, duration, handlerName, short } from './format.ts';
import { live } from './live.ts';
import type { Context } from './page.ts';
import { heading, link } from './page.ts';

const SHOWN = 300;
const LEVELS = ['debug', 'log', 'info', 'warn', 'error'] as const;

interface Filter {
  show: string;
  handler: string;
  level: string;
  text: string;
}

export async function activity({ main, route, signal }: Context): Promise<void> {
  const filter: Filter = {
    show: 'all',
    handler: route.query.get('handler') ?? '',
    level: 'debug',
    text: '',
  };
  let paused: Entry[] | undefined;
  let cleared = 0;
  const list = h('ol', { class: 'entries', 'aria-label': 'Calls and log lines, the latest first', 'aria-live': 'off' });
  const state = h('p', { class: 'dim', role: 'status' });
  const handlers = h('select', {});
  handlers.addEventListener('change', () => change({ handler: handlers.value }));
  const search = h('input', { type: 'search', placeholder: 'text', autocomplete: 'off', spellcheck: 'false' });
  search.addEventListener('input', () => change({ text: search.value.toLowerCase() }));
  const pause = button('Pause', () => {
    paused = paused ? undefined : [...live.entries];
    pause.textContent = paused ? 'Continue' : 'Pause';
    pause.setAttribute('aria-pressed', String(paused !== undefined));
    show();
  }, { 'aria-pressed': 'false' });
  const clear = button('Clear', () => {
    cleared = live.entries.at(-1)?.sequence ?? 0;
    if (paused) paused = [...live.entries];
    show();
  });

  function change(some: Partial<Filter>): void {
    Object.assign(filter, some);
    show();
  }

  function offer(entries: readonly Entry[]): void {
    const names = new Set(entries.map((each) => each.handler).filter((each) => each !== null));
    if (filter.handler) names.add(filter.handler);
    const wanted = ['', ...[...names].sort()];
    if (wanted.join('\n') === [...handlers.options].map((each) => each.value).join('\n')) return;
    replace(handlers, ...wanted.map((each) => h('option', { value: each }, each || 'every handler')));
    handlers.value = filter.handler;
  }

  const rows = new Map<number, HTMLElement>();
  let run = live.run;

  function show(): void {
    if (run !== live.run) {
      run = live.run;
      rows.clear();
      cleared = 0;
      paused = undefined;
      pause.textContent = 'Pause';
    }
    const entries = (paused ?? live.entries).filter((entry) => entry.sequence > cleared);
    offer(entries);
    const matching = entries.filter((entry) => matches(entry, filter));
    const visible = matching.slice(-SHOWN).reverse();
    for (const sequence of rows.keys()) if (!visible.some((entry) => entry.sequence === sequence)) rows.delete(sequence);
    replace(list, ...visible.map((entry) => {
      const made = rows.get(entry.sequence) ?? row(entry);
      rows.set(entry.sequence, made);
      return made;
    }));
    list.hidden = !visible.length;
    nothing.hidden = visible.length > 0;
    if (!visible.length) replace(nothing, entries.length ? empty('Nothing matches the filters.') : howTo());
    const behind = paused ? live.entries.filter((entry) => entry.sequence > (paused?.at(-1)?.sequence ?? 0)).length : 0;
    state.textContent = [
      paused ? `paused, ${behind} new` : '',
      matching.length > SHOWN ? `the latest ${SHOWN} of ${matching.length}` : count(matching.length, 'entry', 'entries'),
      live.missed ? `${live.missed} missed: they came faster than they can be shown` : '',
    ].filter(Boolean).join(' · ');
  }

  const nothing = h('div', {});
  replace(
    main,
    heading('Activity', address('/activity')),
    h(
      'form',
      { class: 'filters', role: 'search', 'aria-label': 'Filter' },
      select('Show', [['all', 'calls and log'], ['calls', 'calls'], ['failed', 'failed calls'], ['log', 'log']], filter.show, (value) => change({ show: value })),
      h('label', { class: 'field' }, h('span', {}, 'Handler'), handlers),
      select('Level', LEVELS.map((level) => [level, level === 'debug' ? 'every level' : `${level} and above`]), filter.level, (value) => change({ level: value })),
      h('label', { class: 'field' }, h('span', {}, 'Search'), search),
      h('div', { class: 'actions' }, pause, clear),
    ),
    state,
    list,
    nothing,
  );
  main.querySelector('form')?.addEventListener('submit', (event) => event.preventDefault());
  let waiting = false;
  live.listen(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!signal.aborted) show();
    });
  }, signal);
  show();
}

function matches(entry: Entry, filter: Filter): boolean {
  if (filter.handler && entry.handler !== filter.handler) return false;
  if (entry.kind === 'call') {
    if (filter.show === 'log' || (filter.show === 'failed' && !entry.error)) return false;
  } else {
    if (filter.show === 'calls' || filter.show === 'failed') return false;
    if (LEVELS.indexOf(entry.level) < LEVELS.indexOf(filter.level as (typeof LEVELS)[number])) return false;
  }
  if (!filter.text) return true;
  const said = entry.kind === 'log' ? entry.text : `${entry.error?.code ?? ''} ${entry.error?.message ?? ''}`;
  return `${entry.handler ?? ''} ${entry.application} ${said}`.toLowerCase().includes(filter.text);
}

function row(entry: Entry): HTMLElement {
  return entry.kind === 'call' ? callRow(entry) : logRow(entry);
}

function where(entry: Entry): HTMLElement {
  const name = entry.handler === null ? 'top level' : handlerName(entry.handler);
  return h('a', { class: 'entry-handler', href: link(['applications', entry.application], { handler: entry.handler ?? undefined }), title: `${entry.application} ${entry.handler ?? ''}` }, h('span', { class: 'dim' }, `${entry.application} `), name);
}

function callRow(entry: CallEntry): HTMLElement {
  const error = entry.error;
  const head = [
    h('time', { datetime: new Date(entry.at).toISOString() }, clock(entry.at)),
    badge(error ? 'failed' : 'call', error ? 'bad' : 'accent'),
    where(entry),
  ];
  const who = h('span', { class: 'dim', title: entry.identity ?? '' }, entry.identity ? `as ${short(entry.identity)}` : 'anonymous');
  const took = h('span', { class: 'mono' }, duration(entry.duration_us));
  if (!error) return h('li', { class: 'entry' }, ...head, h('span', { class: 'entry-said' }, took, ' ', who));
  const said = [took, ' ', who, h('span', { class: 'bad' }, ` ${error.code} `), error.message];
  return h(
    'li',
    { class: 'entry' },
    ...head,
    error.stack
      ? h('details', { class: 'entry-said' }, h('summary', {}, ...said), h('pre', {}, error.stack))
      : h('span', { class: 'entry-said' }, ...said),
  );
}

function logRow(entry: LogEntry): HTMLElement {
  return h(
    'li',
    { class: 'entry' },
    h('time', { datetime: new Date(entry.at).toISOString() }, clock(entry.at)),
    badge(entry.level, `level-${entry.level}`),
    where(entry),
    h('span', { class: 'entry-said mono pre' }, entry.dropped ? `(${entry.dropped} more lines were dropped)` : entry.text),
  );
}

function howTo(): HTMLElement {
  return empty(
    'Nothing has happened yet.',
    h('p', {}, 'Call a handler from ', h('a', { href: '#/' }, 'an application'), ', or in a terminal: ', code('proven call <application> <handler> [JSON …]'), '. What handlers write with ', code('console.log'), ' appears here too.'),
  );
}
