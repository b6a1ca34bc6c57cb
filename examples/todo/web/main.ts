import { local } from '@proven-network/bundler/local';
import { ProvenError, ProvenSDK } from '@proven-network/sdk';
import { addTodo, listTodos, removeTodo, updateTodo, type Todo } from '../src/todos.ts';

type Filter = 'all' | 'open' | 'done';

// For development. A page for real people names the node images it believes: `policy: { measurements: [...] }`.
const sdk = new ProvenSDK({ application: 'todo', policy: { development: true }, ...local });

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const welcome = element('welcome');
const board = element('board');
const account = element('account');
const notice = element('notice');
const tools = element('tools');
const list = element<HTMLUListElement>('todos');
const empty = element('empty');
const count = element('count');
const title = element<HTMLInputElement>('title');

let todos: Todo[] = [];
let filter: Filter = 'all';
let refreshing: Promise<void> | undefined;
let again = false;
let problem = '';
/** Whether `problem` is over once the connection is back and the list was read again. */
let passing = false;
let away = false;

/** Read the list anew. Changes that come meanwhile are read once more, not once each. */
function refresh(): Promise<void> {
  if (refreshing) again = true;
  refreshing ??= (async () => {
    do {
      again = false;
      todos = await listTodos();
    } while (again);
    show();
  })().finally(() => (refreshing = undefined));
  return refreshing;
}

function show(): void {
  const shown = todos.filter((todo) => filter === 'all' || todo.done === (filter === 'done'));
  const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset['id'], row as HTMLLIElement]));
  const wanted = shown.map((todo) => describe(rows.get(todo.id) ?? row(todo.id), todo));
  for (const item of rows.values()) if (!wanted.includes(item)) item.remove();
  // A row that is where it belongs stays untouched, or it would lose the focus.
  for (const [index, item] of wanted.entries()) {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  }
  const open = todos.filter((todo) => !todo.done).length;
  count.textContent = `${open} of ${todos.length} to do`;
  tools.hidden = todos.length === 0;
  empty.hidden = shown.length > 0;
  empty.textContent = todos.length ? `Nothing ${filter === 'open' ? 'left to do' : 'done yet'}.` : 'Nothing here yet. Add your first todo above.';
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-filter]')) {
    button.setAttribute('aria-pressed', String(button.dataset['filter'] === filter));
  }
}

function row(id: string): HTMLLIElement {
  const item = document.createElement('li');
  item.dataset['id'] = id;
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.addEventListener('change', () => attempt(() => updateTodo(id, { done: box.checked }), refresh));
  const text = document.createElement('span');
  text.dir = 'auto';
  label.append(box, text);
  const remove = document.createElement('button');
  remove.type = 'button';
  remove.textContent = 'Delete';
  remove.addEventListener('click', () => {
    const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('input');
    void attempt(() => removeTodo(id), refresh).then(() => (next ?? title).focus());
  });
  item.append(label, remove);
  return item;
}

function describe(item: HTMLLIElement, todo: Todo): HTMLLIElement {
  item.className = todo.done ? 'done' : '';
  item.querySelector('input')!.checked = todo.done;
  item.querySelector('span')!.textContent = todo.title;
  item.querySelector('button')!.setAttribute('aria-label', `Delete ${todo.title}`);
  return item;
}

/** Do it, then `after`, which also follows a failure; what goes wrong is said on the page. */
async function attempt(action: () => Promise<unknown>, after?: () => Promise<unknown>): Promise<void> {
  problem = '';
  tell();
  try {
    await action();
  } catch (error) {
    say(error);
    show();
  }
  await after?.().catch(say);
}

function say(error: unknown): void {
  const code = error instanceof ProvenError ? error.code : '';
  if (code === 'CANCELLED') return;
  if (code === 'UNAVAILABLE') away = sdk.connectionState.value !== 'connected';
  passing = ['UNAVAILABLE', 'CALL_INTERRUPTED', 'REQUEST_TIMEOUT'].includes(code);
  if (code === 'SESSION_CLOSED') problem = 'The connection was lost in between. Try that again.';
  else if (passing && code !== 'UNAVAILABLE') {
    problem = 'No answer came, so that change may or may not be saved. Look at the list before you try again.';
  } else {
    problem = sentence(error instanceof Error ? error.message : String(error));
  }
  tell();
}

function tell(): void {
  notice.textContent = away ? 'Your list cannot be reached right now. It comes back by itself; until then nothing is saved.' : problem;
  notice.hidden = notice.textContent === '';
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

/** Say what was verified about whoever answers or, with an error, that nothing was sent. */
async function showTrust(): Promise<void> {
  const state = element('trust-state');
  try {
    const report = await sdk.attestation();
    state.dataset['state'] = report.trusted ? 'verified' : 'development';
    state.textContent = report.trusted ? 'Verified: this page knows who answers' : 'Development node: sealed, but not proven';
    element('development').hidden = report.trusted;
    element('trust-facts').replaceChildren(
      ...report.summary.map((sentence) => Object.assign(document.createElement('li'), { textContent: sentence })),
    );
  } catch (error) {
    state.dataset['state'] = 'refused';
    state.textContent = 'Not verified: nothing was sent';
    say(error);
  }
}

sdk.authState.subscribe((state) => {
  welcome.hidden = state === 'loading' || state === 'signed-in';
  board.hidden = account.hidden = state !== 'signed-in';
  if (state === 'signed-in') void attempt(refresh);
  if (state === 'anonymous') {
    todos = [];
    list.replaceChildren();
  }
});

// `waiting`: the connection was lost, and is tried again until it is back.
sdk.connectionState.subscribe((state) => {
  if (state === 'waiting') away = true;
  if (state === 'connected') {
    away = false;
    if (passing) problem = '';
  }
  tell();
});

element('sign-in').addEventListener('click', () => void attempt(() => sdk.signIn().then(() => title.focus())));
element('sign-out').addEventListener('click', () => void attempt(() => sdk.signOut()));
element('manage').addEventListener('click', () => void attempt(() => sdk.manageAccount()));
element<HTMLFormElement>('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = title.value.trim();
  if (wanted === '') return;
  title.value = '';
  void attempt(
    () =>
      addTodo(wanted).catch((error: unknown) => {
        title.value ||= wanted;
        throw error;
      }),
    refresh,
  );
});
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-filter]')) {
  button.addEventListener('click', () => {
    filter = button.dataset['filter'] as Filter;
    show();
  });
}

const follow = (): void => void (sdk.authState.value === 'signed-in' && refresh().catch(say));

void showTrust();
void attempt(() => sdk.subscribe('changed', follow, { onMissed: follow }));
void attempt(() => sdk.onUpgrade(({ kind }) => (element('upgraded').hidden &&= kind !== 'switched')));
