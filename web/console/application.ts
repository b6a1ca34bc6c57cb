/** One application: what it is, its versions, and each of its handlers with a form to call it. */

import type { Application, HandlerStatistics, Statistics } from './api.ts';
import { address, read, segment } from './data.ts';
import { badge, code, empty, facts, h, replace } from './dom.ts';
import { bytes, count, date, duration, number, short } from './format.ts';
import { handlerForm } from './handler.ts';
import { refreshed } from './live.ts';
import { overTime } from './metrics.ts';
import type { Context } from './page.ts';
import { heading, link, load, section } from './page.ts';
import { callsChart, latencyChart } from './spark.ts';

export async function application({ main, route, signal }: Context): Promise<void> {
  const name = route.path[1] ?? '';
  const path = `/applications/${segment(name)}`;
  await load(main, signal, async () => {
    const found = await read<Application>(path, {}, signal);
    const version = found.version;
    const changed = h('p', { class: 'notice', role: 'status', hidden: true });
    const figures = new Map<string, HTMLElement>();
    refreshed(async () => {
      const { handlers } = await read<Statistics>('/statistics', {}, signal);
      for (const each of handlers) {
        const place = each.application_id === found.id ? figures.get(each.handler) : undefined;
        if (place) replace(place, ...shownFigures(each));
      }
      const now = await read<Application>(path, {}, signal);
      if (now.version !== version && changed.hidden) {
        changed.hidden = false;
        replace(changed, `Version ${now.version} is live now. `, h('a', { href: location.hash, id: 'reload' }, 'Show it'));
        changed.querySelector('a')?.addEventListener('click', (event) => {
          event.preventDefault();
          window.dispatchEvent(new HashChangeEvent('hashchange'));
        });
      }
    }, signal);
    const origin = `http://${found.name}.localhost${location.port ? `:${location.port}` : ''}`;
    const wanted = route.query.get('handler');
    return [
      heading(found.name, address(path), found.page ? h('a', { class: 'external', href: `${origin}/`, target: '_blank', rel: 'noopener' }, 'Open app') : null),
      changed,
      facts(
        ['Id', h('span', { class: 'mono' }, found.id)],
        ['Package', found.package_id ? h('span', { class: 'mono', title: found.package_id }, found.package_id) : 'nothing deployed'],
        ['Version', `${found.version}, ${found.versions[0] ? date(found.versions[0].at) : ''}`],
        ['Data', h('a', { href: link(['storage', found.name]) }, bytes(found.storage_bytes))],
      ),
      section(
        'Handlers',
        'handlers',
        found.handlers.length
          ? h(
              'div',
              { class: 'handlers' },
              ...found.handlers.map((handler) => {
                const place = h('span', { class: 'figures dim' }, handler.runs ? 'no calls yet' : '');
                figures.set(handler.address, place);
                const parameters = handler.parameters;
                const signature = parameters
                  ? `(${parameters.map((each) => `${each.rest ? '…' : ''}${each.name}${each.optional && !each.rest ? '?' : ''}`).join(', ')})`
                  : '(…)';
                const summary = h(
                  'summary',
                  {},
                  h('span', { class: 'handler-name' }, h('strong', { class: 'mono' }, handler.export === 'default' ? handler.module : handler.export), handler.kind === 'rpc' ? h('span', { class: 'mono dim' }, signature) : null),
                  h('span', { class: 'handler-tags' },
                    handler.kind === 'rpc' ? null : badge(handler.kind === 'http' ? `${handler.method ?? 'any'} ${handler.path ?? ''}` : handler.kind.replaceAll('_', ' ')),
                    handler.access === 'anyone' ? null : badge(handler.access, 'accent'),
                    h('span', { class: 'dim mono' }, handler.module),
                  ),
                  place,
                );
                const body = h('div', { class: 'handler-body' });
                const details = h('details', { class: 'handler' }, summary, body);
                details.addEventListener('toggle', () => {
                  if (details.open && !body.childElementCount) body.append(handlerForm(found, handler, origin, signal));
                });
                if (wanted === handler.address) {
                  details.open = true;
                  requestAnimationFrame(() => {
                    details.scrollIntoView({ block: 'nearest' });
                    summary.focus();
                  });
                }
                return details;
              }),
            )
          : empty('No handlers.', h('p', {}, 'A handler is an export made with ', code('run'), ': ', code("export const greet = run((name: string) => `Hello, ${name}!`)"), '. Save the file and it is here.')),
      ),
      found.handlers.length ? overTime(path, found.handlers, signal) : null,
      section(
        'Versions',
        'versions',
        h(
          'ol',
          { class: 'versions' },
          ...found.versions.map((each) =>
            h('li', {}, h('span', { class: 'mono' }, `${each.number}`), ' ', h('span', { class: 'mono dim', title: each.package_id }, short(each.package_id)), ' ', date(each.at), each.rolled_back_to === null ? null : ` · back to version ${each.rolled_back_to}`, each.number === found.version ? badge('live', 'accent') : null),
          ),
        ),
      ),
    ];
  });
}

function shownFigures(each: HandlerStatistics): (HTMLElement | SVGElement | string)[] {
  return [
    callsChart(each.recent),
    latencyChart(each.recent),
    h('span', {}, count(each.calls, 'call')),
    h('span', { class: each.errors ? 'bad' : 'dim' }, `${number(each.errors)} failed`),
    h('span', {}, `p50 ${duration(each.p50_us)}`),
    h('span', {}, `p99 ${duration(each.p99_us)}`),
  ];
}
