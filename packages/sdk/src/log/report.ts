// What the log says about an application, as plain data and in sentences for the page's readers.

import { toHex } from '../bytes.ts';
import { delayOf } from './applications.ts';
import { type Remembered } from './memory.ts';
import { type ApplicationState, short } from './replay.ts';
import { type Sighting, witnessed } from './times.ts';
import { type LogView, type Replayed } from './view.ts';
import { announced, duration, moment, whoMayChange } from './words.ts';

/** What the log says about an application, checked; as plain data. */
export interface LogReport {
  /** The log's name, and its size and root (hex) when it was asked. */
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** The last state of the log that this browser had seen, null the first time. */
  readonly seenBefore: { readonly size: number; readonly at: string } | null;
  /** Whether all of the log was read; if not, that no entry was left out is the node's word. */
  readonly complete: boolean;
  /** The version that answered; the newest if none has. */
  readonly version: number;
  readonly packageId: string;
  readonly logIndex: number;
  /** Since when it is live, and when it was announced (the same where no notice was promised), ISO 8601. */
  readonly liveSince: string;
  readonly announcedAt: string;
  /** The witnesses of the policy that saw it: it was there at `by`, and not yet at `notBefore`, if that is known. */
  readonly witnessed: readonly { readonly witness: string; readonly notBefore: string | null; readonly by: string }[];
  /** The public key of the owner, in hex. */
  readonly owner: string;
  readonly upgradePolicy: 'immutable' | 'owner' | 'timelock' | 'multisig' | 'timelock_multisig';
  /** Seconds between the announcement of a change and its coming into force; null if nothing changes any more. */
  readonly delay: number | null;
  /** The change that was announced, if one was. Times are ISO 8601. */
  readonly pending: { readonly logIndex: number; readonly announcedAt: string; readonly activatesAt: string } | null;
  /** Sentences that a page can show. */
  readonly summary: readonly string[];
}

/** Seconds, null if nothing changes any more. */
export const noticeOf = ({ archived, policy }: ApplicationState): number | null =>
  archived || policy.kind === 'immutable' ? null : delayOf(policy);

export function report(
  { checkpoint, leaves }: LogView,
  { state, version, times }: Replayed,
  known: Remembered | null,
  sightings: readonly Sighting[],
  about: { memory: boolean; answered: boolean },
): LogReport {
  const { origin, size, root } = checkpoint;
  const { pending } = state;
  const seen = witnessed(version.announcedIndex, sightings);
  const announcedAt = times.get(version.announcedIndex)!;
  const newest = state.versions.length === version.number;
  const summary = [
    `The public log says the same: ${about.answered ? 'that package' : `the package ${short(version.packageId)}`} is ` +
      `version ${version.number} of ${state.name}, live since ${moment(version.at)} (entry ${version.logIndex} of ${size} in ` +
      `${origin.replace(/[0-9a-f]{64}$/, short)}).`,
    known !== null
      ? `It continues the log that this browser saw on ${moment(known.seenAt)}, with ${known.size} entries.`
      : about.memory
      ? 'This is the first time that this browser sees the log: it will notice when that is changed afterwards.'
      : 'This browser keeps nothing for this page, so it would not notice a log that was changed afterwards.',
    whoMayChange(state),
  ];
  if (version.announcedIndex !== version.logIndex) {
    summary.push(`It was announced on ${moment(announcedAt)}, ${duration((version.at - announcedAt) / 1000)} before that.`);
  }
  for (const { witness, by } of seen) summary.push(`${witness} saw it in the log on ${moment(by)}.`);
  if (!newest) summary.push(`Another version is live since ${moment(state.versions[version.number]!.at)}.`);
  if (pending !== null) summary.push(announced(pending));
  if (leaves === null) summary.push('That no entry about the application was left out is the word of the node.');
  return {
    origin,
    size,
    root: toHex(root),
    seenBefore: known === null ? null : { size: known.size, at: iso(known.seenAt) },
    complete: leaves !== null,
    version: version.number,
    packageId: version.packageId,
    logIndex: version.logIndex,
    liveSince: iso(version.at),
    announcedAt: iso(announcedAt),
    witnessed: seen.map(({ witness, after, by }) => ({ witness, notBefore: after === null ? null : iso(after), by: iso(by) })),
    owner: toHex(state.owner),
    upgradePolicy: state.policy.kind,
    delay: noticeOf(state),
    pending: pending === null ? null : {
      logIndex: pending.logIndex,
      announcedAt: iso(pending.announcedAt),
      activatesAt: iso(pending.activatesAt),
    },
    summary,
  };
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
