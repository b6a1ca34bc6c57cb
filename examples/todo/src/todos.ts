import { publish } from '@proven-network/events';
import { run } from '@proven-network/handler';
import { getPersonalStore, type StringStore } from '@proven-network/kv';

export interface Todo {
  id: string;
  title: string;
  done: boolean;
  createdAt: Date;
}

export interface TodoFilter {
  done?: boolean;
  search?: string;
}

export type TodoChanges = Partial<Pick<Todo, 'title' | 'done'>>;

// One entry per todo. The store is the caller's own: nobody else's todos are in it, and an anonymous caller has none.
const todos = getPersonalStore('todos');

const MAX_TITLE = 200;

const encode = (todo: Todo): string => JSON.stringify(todo);

function decode(text: string): Todo {
  const todo = JSON.parse(text);
  return { ...todo, createdAt: new Date(todo.createdAt) };
}

/** Tell the caller's other tabs and devices to look again. */
const changed = () => publish('changed', undefined, { to: 'caller' });

function checkTitle(title: unknown): string {
  if (typeof title !== 'string' || title.trim() === '') throw new Error('a todo needs a title');
  if (title.length > MAX_TITLE) throw new Error(`a title has at most ${MAX_TITLE} characters`);
  return title.trim();
}

async function readAll(store: StringStore): Promise<Todo[]> {
  const entries = await store.entries();
  return entries
    .map(({ value }) => decode(value))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

export const addTodo = run(async (title: string): Promise<Todo> => {
  const todo: Todo = { id: crypto.randomUUID(), title: checkTitle(title), done: false, createdAt: new Date() };
  await todos.set(todo.id, encode(todo));
  await changed();
  return todo;
});

export const listTodos = run(async (filter: TodoFilter = {}): Promise<Todo[]> => {
  const search = filter.search?.toLowerCase();
  return (await readAll(todos)).filter(
    (todo) =>
      (filter.done === undefined || todo.done === filter.done) &&
      (search === undefined || todo.title.toLowerCase().includes(search)),
  );
});

export const updateTodo = run(async (id: string, { title, done }: TodoChanges): Promise<Todo> => {
  const updated = await todos.update(id, (text) => {
    if (text === undefined) throw new Error(`there is no todo ${id}`);
    const todo = decode(text);
    return encode({ ...todo, title: title === undefined ? todo.title : checkTitle(title), done: done ?? todo.done });
  });
  await changed();
  return decode(updated);
});

export const removeTodo = run(async (id: string): Promise<boolean> => {
  const removed = await todos.delete(id);
  if (removed) await changed();
  return removed;
});

export const markAll = run(async (done: boolean): Promise<number> => {
  const count = await todos.transaction(async (tx) => {
    const store = tx.use(todos);
    const all = await readAll(store);
    for (const todo of all) await store.set(todo.id, encode({ ...todo, done }));
    return all.length;
  });
  await changed();
  return count;
});

export const todoStats = run(async (): Promise<{ total: number; done: number; open: number }> => {
  const all = await readAll(todos);
  const done = all.filter((todo) => todo.done).length;
  return { total: all.length, done, open: all.length - done };
});
