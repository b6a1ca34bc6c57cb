/** How an application's handlers did over time: calls, latency and errors, as charts and as a table. */

import type { Handler, HandlerMetrics, MetricPoint, Metrics } from './api.ts';
import { address, read } from './data.ts';
import type { Child } from './dom.ts';
import { badge, empty, h, replace, select, svg } from './dom.ts';
import { clock, count, date, duration, handlerName, number, short } from './format.ts';
import { refreshed } from './live.ts';
import { failure, section } from './page.ts';

const WIDTH = 720;
const HEIGHT = 120;
const RANGES = [
  ['3600', 'the last hour'],
  ['86400', 'the last day'],
  ['2592000', 'the last 30 days'],
] as const;

export function overTime(path: string, handlers: readonly Handler[], signal: AbortSignal): HTMLElement {
  let seconds: string = RANGES[0][0];
  let handler = '';
  const place = h('div', { class: 'metrics' });
  const json = h('a', { class: 'json', target: '_blank', rel: 'noopener', 'aria-label': 'Metrics as JSON' }, 'JSON');
  const show = async (): Promise<void> => {
    const query = { seconds, handler: handler || undefined };
    json.href = address(`${path}/metrics`, query);
    try {
      const found = await read<Metrics>(`${path}/metrics`, query, signal);
      if (!signal.aborted && query.seconds === seconds && (query.handler ?? '') === handler) draw(place, found);
    } catch (error) {
      if (!signal.aborted) replace(place, failure(error));
    }
  };
  refreshed(show, signal);
  const addresses = [...new Set(handlers.filter((each) => each.runs).map((each) => each.address))];
  return section(
    'Over time',
    'over-time',
    h(
      'div',
      { class: 'filters' },
      select('Time', RANGES, seconds, (value) => {
        seconds = value;
        void show();
      }),
      select('Handler', [['', 'all handlers'], ...addresses.map((each): [string, string] => [each, handlerName(each)])], '', (value) => {
        handler = value;
        void show();
      }),
      json,
    ),
    place,
  );
}

/** Draw anew, but leave a table open that somebody has opened. */
function draw(place: HTMLElement, found: Metrics): void {
  const open = place.querySelector('details')?.open ?? false;
  const calls = found.points.reduce((sum, point) => sum + point.calls, 0);
  if (!calls) return replace(place, empty('No calls in that time.'));
  const failed = found.points.reduce((sum, point) => sum + point.failed, 0);
  const slowest = Math.max(...found.points.map((point) => point.latency.p99));
  replace(
    place,
    figure(
      found,
      'Calls',
      `${count(calls, 'call')}, ${number(failed)} failed`,
      [['mark-calls', 'ended well'], ['mark-errors', 'failed']],
      number(Math.max(...found.points.map((point) => point.calls))),
      bars(found.points),
    ),
    figure(
      found,
      'Latency',
      `half of the calls within the lower line, 99 of 100 within the upper one, which is ${duration(slowest)} at most`,
      [['mark-p50', 'p50'], ['mark-p90', 'p90'], ['mark-p99', 'p99']],
      duration(slowest),
      ...(['p99', 'p90', 'p50'] as const).flatMap((share) => line(found.points, share, slowest)),
    ),
    h('details', { class: 'quiet', open }, h('summary', {}, 'Figures'), table(found.handlers)),
  );
}

function figure(found: Metrics, title: string, about: string, marks: [string, string][], most: string, ...drawn: SVGElement[]): HTMLElement {
  const moment = found.step_seconds < 3600 ? clock : date;
  const tidy = (at: number): string => moment(at).replace(/\.\d+$/, '');
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, h('strong', {}, title), ...marks.map(([kind, label]) => h('span', { class: `mark ${kind}` }, label)), h('span', { class: 'chart-most dim' }, `up to ${most}`)),
    svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${title}: ${about}`, preserveAspectRatio: 'none' },
      svg('line', { class: 'base', x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      ...drawn,
    ),
    h('div', { class: 'chart-times dim' }, h('span', {}, tidy(found.since)), h('span', {}, tidy(found.until))),
  );
}

function bars(points: readonly MetricPoint[]): SVGElement {
  const most = Math.max(1, ...points.map((point) => point.calls));
  const step = WIDTH / points.length;
  const width = Math.max(step * 0.8, Math.min(step, 1));
  return svg(
    'g',
    {},
    ...points.flatMap((point, index) => {
      if (!point.calls) return [];
      const tall = Math.max(2, (point.calls / most) * (HEIGHT - 4));
      const bad = point.failed ? Math.max(2, (point.failed / point.calls) * tall) : 0;
      const x = (index * step).toFixed(2);
      const all = svg('rect', { class: 'bar-calls', x, y: HEIGHT - tall, width, height: tall });
      return bad ? [all, svg('rect', { class: 'bar-errors', x, y: HEIGHT - bad, width, height: bad })] : [all];
    }),
  );
}

/** One line for each run of stretches with calls: where there were none, there is nothing to draw. */
function line(points: readonly MetricPoint[], share: 'p50' | 'p90' | 'p99', most: number): SVGElement[] {
  const step = WIDTH / points.length;
  const runs: string[][] = [];
  points.forEach((point, index) => {
    if (!point.calls) return;
    const y = HEIGHT - 2 - (point.latency[share] / Math.max(1, most)) * (HEIGHT - 6);
    const at = `${((index + 0.4) * step).toFixed(1)},${y.toFixed(1)}`;
    if (index && points[index - 1]?.calls) runs.at(-1)?.push(at);
    else runs.push([at]);
  });
  return runs.map((run) => {
    const [x = '0', y = '0'] = (run[0] ?? '').split(',');
    const drawn = run.length > 1 ? run : [`${Math.max(0, Number(x) - 2)},${y}`, `${Number(x) + 2},${y}`];
    return svg('polyline', { class: `line-${share}`, points: drawn.join(' ') });
  });
}

function table(handlers: readonly HandlerMetrics[]): HTMLElement {
  const cell = (child: Child): HTMLElement => h('td', {}, child);
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Figures of each handler' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...['Handler', 'Version', 'Calls', 'p50', 'p90', 'p99', 'Errors'].map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        ...handlers.map((each) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row', class: 'mono', title: each.handler }, handlerName(each.handler)),
            cell(each.versions.join(', ') || short(each.package_id ?? '')),
            cell(number(each.calls)),
            cell(duration(each.latency.p50)),
            cell(duration(each.latency.p90)),
            cell(duration(each.latency.p99)),
            h('td', {}, ...Object.entries(each.errors).map(([code, errors]) => badge(`${code} ${number(errors)}`, 'bad'))),
          ),
        ),
      ),
    ),
  );
}
