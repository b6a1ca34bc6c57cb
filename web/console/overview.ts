/** The node at a glance: its applications, what it runs on, and its evidence. */

import type { Applications, ApplicationSummary, HandlerStatistics, Node, Statistics } from './api.ts';
import { address, read } from './data.ts';
import { badge, code, empty, facts, h, replace } from './dom.ts';
import { evidence } from './evidence.ts';
import { ago, bytes, count, date, number, short } from './format.ts';
import { refreshed } from './live.ts';
import type { Context } from './page.ts';
import { failure, heading, link, section } from './page.ts';
import { callsChart } from './spark.ts';

export async function overview({ main, signal }: Context): Promise<void> {
  const applications = h('div', {});
  const node = h('div', {});
  const proof = h('div', {});
  replace(
    main,
    heading('Overview', address('/node')),
    h(
      'div',
      { class: 'columns' },
      section('Applications', 'applications', applications),
      h('div', {}, section('Node', 'node', node), section('Evidence', 'evidence', proof)),
    ),
  );
  let shown = '';
  refreshed(async () => {
    try {
      const [status, list, statistics] = await Promise.all([
        read<Node>('/node', {}, signal),
        read<Applications>('/applications', {}, signal),
        read<Statistics>('/statistics', {}, signal),
      ]);
      if (signal.aborted) return;
      replace(node, ...nodeCard(status));
      replace(applications, ...rows(list.applications, statistics.handlers));
      const asked = `${status.run} ${list.applications.map(({ id }) => id).join()}`;
      if (shown !== asked) {
        shown = asked;
        void evidence(proof, list.applications, status.development_root, signal);
      }
    } catch (error) {
      if (!signal.aborted) replace(node, failure(error));
      throw error;
    }
  }, signal);
}

function rows(applications: ApplicationSummary[], statistics: HandlerStatistics[]): HTMLElement[] {
  if (!applications.length) {
    return [empty('No application yet.', h('p', {}, 'Deploy one: ', code('proven dev <folder>'), ', or start one with ', code('proven init my-app'), '.'))];
  }
  return [
    h(
      'ul',
      { class: 'rows' },
      ...applications.map((application) => {
        const own = statistics.filter((each) => each.application_id === application.id);
        const calls = own.reduce((sum, each) => sum + each.calls, 0);
        const errors = own.reduce((sum, each) => sum + each.errors, 0);
        const first = own[0];
        const recent = first?.recent.map((bucket, index) => ({
          ...bucket,
          calls: own.reduce((sum, each) => sum + (each.recent[index]?.calls ?? 0), 0),
          errors: own.reduce((sum, each) => sum + (each.recent[index]?.errors ?? 0), 0),
        }));
        return h(
          'li',
          { class: 'row application' },
          h('a', { class: 'row-name', href: link(['applications', application.name]) }, application.name),
          application.archived
            ? badge('archived')
            : h('span', { class: 'dim' }, `version ${application.version} · ${count(application.handlers, 'handler')}`),
          h('span', { class: 'row-figures' }, calls ? `${count(calls, 'call')}` : 'no calls yet', errors ? h('span', { class: 'bad' }, ` · ${number(errors)} failed`) : null),
          recent ? callsChart(recent) : null,
          h('span', { class: 'row-id mono dim' }, application.package_id ? short(application.package_id) : 'nothing deployed'),
        );
      }),
    ),
  ];
}

function nodeCard(node: Node): HTMLElement[] {
  const problems = Object.entries(node.unhealthy);
  const active = node.layers.filter((layer) => layer.active);
  const missing = node.layers.filter((layer) => !layer.active);
  return [
    facts(
      ['State', problems.length ? h('span', { class: 'bad' }, `${count(problems.length, 'part')} not working`) : h('span', { class: 'good' }, 'healthy')],
      ['Running', h('span', { title: date(node.started_at) }, `proven ${node.version}, since ${ago(node.started_at)}`)],
      ['Profile', 'development'],
      ['Warm processes', number(node.warm_processes)],
    ),
    ...problems.map(([part, reason]) => h('p', { class: 'problem' }, h('strong', {}, part), ' ', reason)),
    h(
      'details',
      { class: 'quiet' },
      h('summary', {}, `Sandbox: ${active.length} of ${node.layers.length} layers active`),
      h(
        'ul',
        { class: 'layers' },
        ...node.layers.map((layer) =>
          h('li', {}, h('span', { class: layer.active ? 'good' : 'warn' }, layer.active ? 'on' : 'off'), ' ', layer.name.replaceAll('_', ' '), layer.reason ? h('span', { class: 'dim' }, ` ${layer.reason}`) : null),
        ),
      ),
      missing.length ? h('p', { class: 'dim' }, 'Layers that are off are not available on this machine.') : null,
    ),
    node.processes.length
      ? h(
          'ul',
          { class: 'processes' },
          ...node.processes.map((process) =>
            h('li', {}, h('span', {}, process.application), h('span', { class: 'mono dim' }, `process ${process.pid} · ${bytes(process.memory_bytes)} · ${process.cpu_seconds.toFixed(1)} s CPU · ${process.in_flight} running`)),
          ),
        )
      : h('p', { class: 'dim' }, 'No application process runs now; the next call starts one.'),
  ];
}
