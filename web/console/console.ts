/** The console: which view is shown, and the bar above it. */

import { activity } from './activity.ts';
import { application } from './application.ts';
import { empty, h, replace } from './dom.ts';
import { live } from './live.ts';
import { overview } from './overview.ts';
import type { View } from './page.ts';
import { failure, heading, parseRoute } from './page.ts';
import { address } from './data.ts';
import { storage } from './storage.ts';

const VIEWS: Readonly<Record<string, View>> = { '': overview, applications: application, activity, storage };

const main = document.querySelector('main') as HTMLElement;
const connection = document.querySelector('#connection') as HTMLElement;
let present = new AbortController();
let path = '';

async function show(moved: boolean): Promise<void> {
  present.abort();
  present = new AbortController();
  const { signal } = present;
  const route = parseRoute(location.hash);
  const name = route.path[0] ?? '';
  for (const each of document.querySelectorAll('.bar nav a')) {
    const own = parseRoute(each.getAttribute('href') ?? '').path[0] ?? '';
    const current = own === name || (own === '' && name === 'applications');
    if (current) each.setAttribute('aria-current', 'page');
    else each.removeAttribute('aria-current');
  }
  const changed = route.path.join('/') !== path;
  path = route.path.join('/');
  const view = VIEWS[name];
  if (changed) replace(main);
  try {
    if (view) await view({ main, route, signal });
    else replace(main, heading('Not found', address('')), empty('There is nothing here.', h('p', {}, h('a', { href: '#/' }, 'Back to the overview'))));
  } catch (error) {
    if (!signal.aborted) replace(main, failure(error));
  }
  if (!moved || !changed) return;
  scrollTo(0, 0);
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

live.listen(() => {
  replace(connection, h('span', {}, { connecting: 'connecting', live: 'live', lost: 'node is not answering' }[live.connection]));
  connection.dataset.state = live.connection;
}, new AbortController().signal);

document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => void show(true));
live.start();
void show(false);
