/** What the node can prove, verified here: in words. */

import type { ApplicationSummary } from './api.ts';
import { code, facts, h, replace } from './dom.ts';
import { date } from './format.ts';
import { failure } from './page.ts';
import { sessionWith } from './session.ts';

/** Verify the evidence of the node in `place`. `root` is its development root certificate (PEM). */
export async function evidence(place: HTMLElement, applications: ApplicationSummary[], root: string, signal: AbortSignal): Promise<void> {
  const asked = applications.find((each) => !each.archived && each.package_id !== null);
  if (!asked) {
    replace(place, h('p', { class: 'dim' }, 'Evidence is verified with the first session; deploy an application first.'));
    return;
  }
  replace(place, h('p', { class: 'dim' }, 'verifying'));
  try {
    const report = await sessionWith(asked.id).verify();
    if (signal.aborted) return;
    const development = report.platform === 'development';
    replace(
      place,
      h(
        'div',
        { class: 'proof' },
        h('h3', {}, development ? 'Development evidence: it proves nothing' : 'Hardware evidence'),
        h('ul', {}, ...report.summary.map((sentence) => h('li', {}, sentence))),
        development ? h('p', { class: 'dim' }, 'An application’s own page names the code that it expects; on an enclave the same check then proves it.') : null,
      ),
      h(
        'details',
        { class: 'quiet' },
        h('summary', {}, 'What was verified'),
        facts(
          ['Platform', report.platform],
          ['Module', code(report.moduleId)],
          ['Made', date(Date.parse(report.madeAt))],
          ['Verified', `${date(Date.parse(report.verifiedAt))}, in this page`],
          ['Root', code(report.root)],
          ...Object.entries(report.measurements).map(([name, value]) => [name.toUpperCase(), code(value)] as [string, HTMLElement]),
        ),
        h('p', {}, 'Its root certificate, for ', code('proven call --development-root'), ':'),
        h('pre', { class: 'value', tabindex: '0' }, root),
      ),
    );
  } catch (error) {
    if (!signal.aborted) replace(place, failure(error));
  }
}
