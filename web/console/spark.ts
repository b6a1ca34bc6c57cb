/** Small charts: calls as bars, latency as two lines. */

import type { Bucket } from './api.ts';
import { svg } from './dom.ts';
import { count, duration } from './format.ts';

const WIDTH = 120;
const HEIGHT = 24;

function chart(label: string, kind: string, ...children: SVGElement[]): SVGElement {
  return svg(
    'svg',
    { class: `spark ${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' },
    svg('line', { class: 'base', x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
    ...children,
  );
}

function minutes(buckets: readonly Bucket[]): string {
  const first = buckets[0];
  const last = buckets.at(-1);
  return first && last ? `the last ${Math.max(1, Math.round((last.at - first.at) / 60_000))} minutes` : 'no time';
}

/** Calls per stretch of time; the failed ones at the bottom, in another colour. */
export function callsChart(buckets: readonly Bucket[]): SVGElement {
  const most = Math.max(1, ...buckets.map((bucket) => bucket.calls));
  const step = WIDTH / Math.max(1, buckets.length);
  const bars: SVGElement[] = [];
  buckets.forEach((bucket, index) => {
    if (!bucket.calls) return;
    const tall = Math.max(2, (bucket.calls / most) * (HEIGHT - 2));
    const failed = bucket.errors ? Math.max(2, (bucket.errors / bucket.calls) * tall) : 0;
    const x = index * step;
    bars.push(svg('rect', { class: 'bar-calls', x, y: HEIGHT - tall, width: step * 0.8, height: tall }));
    if (failed) bars.push(svg('rect', { class: 'bar-errors', x, y: HEIGHT - failed, width: step * 0.8, height: failed }));
  });
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const errors = buckets.reduce((sum, bucket) => sum + bucket.errors, 0);
  return chart(`${count(calls, 'call')} in ${minutes(buckets)}, ${errors} failed`, 'calls', ...bars);
}

/** Median and 99th percentile per stretch of time in which there were calls. */
export function latencyChart(buckets: readonly Bucket[]): SVGElement {
  const called = buckets.map((bucket, index) => ({ bucket, index })).filter(({ bucket }) => bucket.calls);
  const most = Math.max(1, ...called.map(({ bucket }) => bucket.p99_us));
  const step = WIDTH / Math.max(1, buckets.length);
  const line = (kind: string, value: (bucket: Bucket) => number): SVGElement => {
    const points = called.map(({ bucket, index }) => {
      const y = HEIGHT - 1 - (value(bucket) / most) * (HEIGHT - 3);
      return `${((index + 0.4) * step).toFixed(1)},${y.toFixed(1)}`;
    });
    const only = points.length === 1 ? points[0]?.split(',') : undefined;
    if (only) return svg('circle', { class: kind, cx: only[0], cy: only[1], r: 1.5 });
    return svg('polyline', { class: kind, points: points.join(' ') });
  };
  return chart(
    `latency in ${minutes(buckets)}, up to ${duration(most)}`,
    'latency',
    line('line-p99', (bucket) => bucket.p99_us),
    line('line-p50', (bucket) => bucket.p50_us),
  );
}
