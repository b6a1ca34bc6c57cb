/** What applications stored: scopes, and in each its entries, tables and files. It only reads. */

import type { Applications, Cell, Content, Database, Entries, FileContent, Files, Rows, Scope, ScopeContent, Scopes, Store, StoredEntry } from './api.ts';
import type { Query } from './data.ts';
import { address, read, segment } from './data.ts';
import type { Child } from './dom.ts';
import { badge, button, code, empty, h, replace } from './dom.ts';
import { bytes, count, date, number, short } from './format.ts';
import type { Context } from './page.ts';
import { failure, heading, link, load } from './page.ts';

const PAGE = 50;

export async function storage({ main, route, signal }: Context): Promise<void> {
  await load(main, signal, async () => {
    const { applications } = await read<Applications>('/applications', {}, signal);
    const name = route.path[1] ?? (applications.length === 1 ? applications[0]?.name : undefined);
    if (name === undefined) return choice(applications);
    return browser(name, applications, route.query, signal);
  });
}

function choice(applications: Applications['applications']): Child[] {
  return [
    heading('Storage', address('/applications')),
    applications.length
      ? h('ul', { class: 'rows' }, ...applications.map((each) => h('li', { class: 'row' }, h('a', { class: 'row-name', href: link(['storage', each.name]) }, each.name))))
      : empty('No application yet.', h('p', {}, 'Deploy one: ', code('proven dev <folder>'), '.')),
  ];
}

type Chosen = Readonly<Record<string, string>>;

async function browser(name: string, applications: Applications['applications'], query: URLSearchParams, signal: AbortSignal): Promise<Child[]> {
  const base = `/applications/${segment(name)}/storage`;
  const found = await read<Scopes>(base, {}, signal);
  const chosen = Object.fromEntries(query);
  const current = found.scopes.find((scope) => same(scope, chosen)) ?? (chosen.scope ? undefined : found.scopes[0]);
  const content = h('div', { class: 'storage-content' });
  const shownScopes = found.scopes.map((scope) =>
    h('li', {}, h('a', { href: link(['storage', name], scopeQuery(scope)), 'aria-current': scope === current ? 'true' : undefined }, scopeName(scope))),
  );
  if (current) void load(content, signal, () => scopeView(name, base, current, chosen, signal));
  else {
    replace(content, found.scopes.length
      ? empty('There is no such scope.')
      : empty(
          'Nothing is stored yet.',
          h('p', {}, 'A handler stores what everybody shares with ', code("getApplicationStore('notes')"), ', and what belongs to the caller with ', code("getPersonalStore('notes')"), ' of ', code('@proven-network/kv'), '; SQL and files work the same way.'),
          h('p', {}, h('a', { href: link(['applications', name]) }, 'Call a handler'), ' that writes, and look here again.'),
        ));
  }
  return [
    heading('Storage', address(base)),
    applications.length > 1
      ? h('nav', { class: 'tabs', 'aria-label': 'Applications' }, ...applications.map((each) => h('a', { href: link(['storage', each.name]), 'aria-current': each.name === name ? 'true' : undefined }, each.name)))
      : null,
    h(
      'div',
      { class: 'storage' },
      h(
        'nav',
        { class: 'scopes', 'aria-label': 'Scopes' },
        h('p', { class: 'dim' }, `${name} · ${bytes(found.storage_bytes)}`),
        h('ul', {}, ...shownScopes),
        found.unnamed ? h('p', { class: 'dim' }, `and ${count(found.unnamed, 'scope')} written before this node kept names; a scope appears once somebody uses it`) : null,
      ),
      content,
    ),
  ];
}

function same(scope: Scope, chosen: Chosen): boolean {
  return scope.scope === chosen.scope && scope.identity === (chosen.identity ?? null) && scope.resource === (chosen.resource ?? null) && scope.nft === (chosen.nft ?? null);
}

function scopeQuery(scope: Scope): Record<string, string | undefined> {
  return { scope: scope.scope, identity: scope.identity ?? undefined, resource: scope.resource ?? undefined, nft: scope.nft ?? undefined };
}

function scopeName(scope: Scope): HTMLElement {
  if (scope.scope === 'application') return h('span', {}, 'Shared by everybody');
  if (scope.scope === 'personal') return h('span', { title: scope.identity ?? '' }, 'Personal ', h('span', { class: 'mono' }, short(scope.identity ?? '')));
  return h('span', { title: `${scope.resource} ${scope.nft}` }, 'NFT ', h('span', { class: 'mono' }, `${short(scope.resource ?? '')} ${short(scope.nft ?? '')}`));
}

async function scopeView(name: string, base: string, scope: Scope, chosen: Chosen, signal: AbortSignal): Promise<Child[]> {
  const own = scopeQuery(scope);
  const held = await read<ScopeContent>(`${base}/scope`, own, signal);
  const items: { label: Child; note: string; query: Record<string, string> }[] = [
    ...held.stores.map((store) => ({ label: store.name, note: `${storeKind(store)}, ${store.entries >= 10_000 ? 'over ' : ''}${count(store.entries, 'entry', 'entries')}`, query: { kind: store.kind, store: store.name } })),
    ...held.databases.flatMap((database) => database.tables.map((table) => ({ label: `${database.name} / ${table.name}`, note: `SQL ${table.kind}`, query: { database: database.name, table: table.name } }))),
    ...(held.has_files ? [{ label: 'Files', note: 'files', query: { files: '' } }] : []),
  ];
  const picked = items.find(({ query }) => Object.entries(query).every(([key, value]) => key === 'files' ? 'files' in chosen : chosen[key] === value)) ?? items[0];
  const place = h('div', { class: 'stored' });
  if (picked) {
    void load(place, signal, async () => {
      if ('store' in picked.query) return entriesView(base, own, picked.query, signal);
      if ('table' in picked.query) return rowsView(base, own, picked.query, held.databases, signal);
      return filesView(name, base, own, chosen.files ?? '', signal);
    });
  }
  return [
    h('p', { class: 'scope-title' }, scope.identity ? h('span', {}, 'Personal ', h('span', { class: 'mono' }, scope.identity)) : scopeName(scope)),
    items.length
      ? h('ul', { class: 'stores' }, ...items.map((item) => h('li', {}, h('a', { href: link(['storage', name], { ...own, ...item.query }), 'aria-current': item === picked ? 'true' : undefined }, h('span', { class: 'mono' }, item.label), h('span', { class: 'dim' }, item.note)))))
      : empty('This scope is empty now.'),
    place,
  ];
}

function storeKind(store: Store): string {
  return { string: 'text', bytes: 'bytes', key: 'keys' }[store.kind];
}

interface Page<T> {
  items: T[];
  next: string | number | null;
}

/** Show a page in `place`, and return the foot below it: a button for more while there is more. */
function paged<T>(first: Page<T>, place: HTMLElement, show: (item: T) => HTMLElement, more: (next: string | number) => Promise<Page<T>>): HTMLElement {
  const foot = h('div', { class: 'more' });
  const add = (page: Page<T>): void => {
    place.append(...page.items.map(show));
    const next = page.next;
    if (next === null) return replace(foot);
    replace(foot, button('Show more', () => {
      replace(foot, h('span', { class: 'dim' }, 'loading'));
      more(next).then(add, (error: unknown) => replace(foot, failure(error)));
    }));
  };
  add(first);
  return foot;
}

async function entriesView(base: string, own: Query, picked: Query, signal: AbortSignal): Promise<Child[]> {
  const query = { ...own, ...picked };
  const list = h('ul', { class: 'items' });
  const body = h('div', {});
  const page = async (prefix: string, after?: string | number): Promise<Page<StoredEntry>> => {
    const found = await read<Entries>(`${base}/entries`, { ...query, prefix, after, limit: PAGE }, signal);
    return { items: found.entries, next: found.next };
  };
  const fill = async (prefix: string): Promise<void> => {
    replace(list);
    const first = await page(prefix);
    const foot = paged<StoredEntry>(first, list, (entry) => entryItem(base, query, entry, signal), (next) => page(prefix, next));
    replace(body, first.items.length ? list : empty(prefix ? 'No key begins with that.' : 'This store is empty now.'), foot);
  };
  const search = h('input', { type: 'search', placeholder: 'key begins with', 'aria-label': 'Keys that begin with', autocomplete: 'off', spellcheck: 'false' });
  search.addEventListener('change', () => void fill(search.value).catch((error: unknown) => replace(body, failure(error))));
  await fill('');
  return [
    h('div', { class: 'stored-head' }, search, h('a', { class: 'json', href: address(`${base}/entries`, query), target: '_blank', rel: 'noopener', 'aria-label': 'Entries as JSON' }, 'JSON')),
    body,
  ];
}

function entryItem(base: string, query: Query, entry: StoredEntry, signal: AbortSignal): HTMLElement {
  const whole = h('div', {});
  const details = h(
    'details',
    { class: 'item' },
    h('summary', {}, h('span', { class: 'item-name mono' }, entry.key), h('span', { class: 'item-preview mono dim' }, oneLine(entry.value)), h('span', { class: 'item-size dim' }, bytes(entry.value.size))),
    whole,
  );
  details.addEventListener('toggle', () => {
    if (!details.open || whole.childElementCount) return;
    void load(whole, signal, async () => {
      const found = await read<StoredEntry>(`${base}/entry`, { ...query, key: entry.key }, signal);
      return [
        h('p', { class: 'dim' }, `version ${number(found.version)}${found.expires_at === null ? '' : ` · expires ${date(found.expires_at)}`}`),
        contentView(found.value),
      ];
    });
  });
  return h('li', {}, details);
}

function oneLine(content: Content): string {
  if (content.text !== null) return content.text.slice(0, 200);
  if (content.base64 !== null) return hex(content.base64).slice(0, 120);
  return 'not shown';
}

function contentView(content: Content): HTMLElement {
  if (content.text === null && content.base64 === null) {
    return h('p', { class: 'dim' }, 'A key or secret: used inside the node, and shown to nobody.');
  }
  const text = content.text ?? hexDump(content.base64 ?? '');
  return h(
    'div',
    {},
    h('pre', { class: 'value', tabindex: '0' }, content.text === null ? text : pretty(text)),
    content.cut ? h('p', { class: 'dim' }, `the beginning of ${bytes(content.size)}`) : null,
  );
}

/** JSON is shown indented; everything else as it is. */
function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function octets(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
}

function hex(base64: string): string {
  return [...octets(base64).subarray(0, 64)].map((each) => each.toString(16).padStart(2, '0')).join(' ');
}

function hexDump(base64: string): string {
  const all = octets(base64).subarray(0, 4096);
  const lines: string[] = [];
  for (let start = 0; start < all.length; start += 16) {
    const part = [...all.subarray(start, start + 16)];
    const printable = part.map((each) => (each >= 32 && each < 127 ? String.fromCharCode(each) : '.')).join('');
    lines.push(`${start.toString(16).padStart(4, '0')}  ${part.map((each) => each.toString(16).padStart(2, '0')).join(' ').padEnd(47)}  ${printable}`);
  }
  return lines.join('\n');
}

async function rowsView(base: string, own: Query, picked: Query, databases: Database[], signal: AbortSignal): Promise<Child[]> {
  const query = { ...own, ...picked };
  const page = async (offset: string | number): Promise<Rows> => read<Rows>(`${base}/rows`, { ...query, offset, limit: PAGE }, signal);
  const first = await page(0);
  const body = h('tbody', {});
  const foot = paged<Cell[]>(
    { items: first.rows, next: first.next },
    body,
    (row) => h('tr', {}, ...row.map(cellView)),
    async (next) => {
      const found = await page(next);
      return { items: found.rows, next: found.next };
    },
  );
  const table = databases.find((each) => each.name === picked.database)?.tables.find((each) => each.name === picked.table);
  return [
    h('div', { class: 'stored-head' },
      table?.sql ? h('details', { class: 'quiet' }, h('summary', {}, 'Schema'), h('pre', {}, table.sql)) : h('span', {}),
      h('a', { class: 'json', href: address(`${base}/rows`, query), target: '_blank', rel: 'noopener', 'aria-label': 'Rows as JSON' }, 'JSON')),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Rows of ${picked.table}` },
      h('table', {}, h('thead', {}, h('tr', {}, ...first.columns.map((column) => h('th', { scope: 'col' }, column)))), body)),
    first.rows.length ? null : empty('This table has no rows.'),
    foot,
  ];
}

function cellView(cell: Cell): HTMLElement {
  if (!cell.value) return h('td', { class: 'null' }, 'NULL');
  const text = cell.value.text ?? hex(cell.value.base64 ?? '');
  return h('td', { class: cell.type === 'integer' || cell.type === 'real' ? 'numeric' : '' }, text, cell.value.cut ? h('span', { class: 'dim' }, ` … ${bytes(cell.value.size)}`) : null);
}

async function filesView(name: string, base: string, own: Record<string, string | undefined>, path: string, signal: AbortSignal): Promise<Child[]> {
  const page = async (after?: string | number): Promise<Page<Files['files'][number]>> => {
    const found = await read<Files>(`${base}/files`, { ...own, path, after, limit: PAGE }, signal);
    return { items: found.files, next: found.next };
  };
  const list = h('ul', { class: 'items' });
  const first = await page();
  const foot = paged<Files['files'][number]>(
    first,
    list,
    (file) => {
      if (file.is_directory) {
        return h('li', {}, h('a', { class: 'item directory', href: link(['storage', name], { ...own, files: file.path }) }, h('span', { class: 'mono' }, `${file.name}/`), badge('folder')));
      }
      const whole = h('div', {});
      const details = h('details', { class: 'item' },
        h('summary', {}, h('span', { class: 'item-name mono' }, file.name), h('span', { class: 'item-preview dim' }, `${file.content_type ?? ''} ${date(file.modified)}`), h('span', { class: 'item-size dim' }, bytes(file.size))),
        whole);
      details.addEventListener('toggle', () => {
        if (!details.open || whole.childElementCount) return;
        void load(whole, signal, async () => [contentView((await read<FileContent>(`${base}/file`, { ...own, path: file.path }, signal)).content)]);
      });
      return h('li', {}, details);
    },
    page,
  );
  const parts = path.split('/').filter(Boolean);
  return [
    h('div', { class: 'stored-head' },
      h('nav', { class: 'crumbs mono', 'aria-label': 'Folder' },
        h('a', { href: link(['storage', name], { ...own, files: '' }) }, 'files'),
        ...parts.map((part, index) => h('a', { href: link(['storage', name], { ...own, files: parts.slice(0, index + 1).join('/') }) }, part))),
      h('a', { class: 'json', href: address(`${base}/files`, { ...own, path }), target: '_blank', rel: 'noopener', 'aria-label': 'Files as JSON' }, 'JSON')),
    first.items.length ? list : empty('This folder is empty.'),
    foot,
  ];
}
