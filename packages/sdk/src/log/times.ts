// What the times of a log's entries can be, and for how long a change was public. The twin of `proven.client.times`.

import { broken } from '../attestation/rules.ts';
import { type Remembered } from './memory.ts';
import { type ApplicationState, type Version } from './replay.ts';
import { moment } from './words.ts';

/** Milliseconds that clocks of honest nodes, witnesses and callers may differ. */
const CLOCK_SKEW = 300_000;
/** Milliseconds for which a replaced version may go on answering: the longest that a call can take. */
const SUPERSEDED_GRACE = 15 * 60_000;
/** The part of a notice by which it may seem shorter than it was: witnesses look now and then. */
const NOTICE_GRACE = 1 / 16;

/** The times of entries (Unix milliseconds) by their index, ascending. */
export type Times = ReadonlyMap<number, number>;

/** A witness said at `at` (Unix milliseconds) that the log had `size` entries, and no more that it knew of. */
export interface Sighting {
  readonly witness: string;
  readonly at: number;
  readonly size: number;
}

/** A change that came into force after a notice. Times are Unix milliseconds, `delay` too. */
export interface Activation {
  readonly announcedIndex: number;
  readonly announcedAt: number;
  readonly delay: number;
}

/** When a witness first saw an entry: it was not there at `after` (null: not known), and it was at `by`. */
export interface Witnessed {
  readonly witness: string;
  readonly after: number | null;
  readonly by: number;
}

/**
 * Entries are in the order of their times, none is of the future, and none claims to be older than a state of the log in
 * which it was not yet, or younger than one in which it was. `latest` is the present by the caller's clock and by that of
 * the platform, whichever is earlier; `now` by the caller's alone. Throws `EVIDENCE_INVALID`.
 */
export function checkTimes(
  times: Times,
  known: Remembered | null,
  sightings: readonly Sighting[],
  { now, latest }: { now: number; latest: number },
): void {
  let before: [number, number] | null = null;
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment(at)}`;
    if (before !== null && at < before[1]) {
      throw broken('log', `entry ${index} was backdated: ${is}, and entry ${before[0]}, before it, is of ${moment(before[1])}`);
    }
    before = [index, at];
    if (at > latest + CLOCK_SKEW) {
      throw broken(
        'log',
        `entry ${index} says that it is of ${moment(at)}, which is yet to come: the node's clock or this device's is wrong`,
      );
    }
    if (known !== null && index >= known.size && at < known.seenAt - CLOCK_SKEW) {
      throw broken('log', `entry ${index} was backdated: ${is}, and the log was seen without it on ${moment(known.seenAt)}`, {
        seenSize: known.size,
        seenAt: new Date(known.seenAt).toISOString(),
      });
    }
  }
  for (const sighting of sightings) checkSighting(times, sighting, now);
}

function checkSighting(times: Times, { witness, at: seenAt, size }: Sighting, now: number): void {
  const when = moment(seenAt);
  if (seenAt > now + CLOCK_SKEW) {
    throw broken(
      'log',
      `${witness} says that it saw the log on ${when}, which is yet to come: its clock or this device's is wrong`,
    );
  }
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment(at)}`;
    if (index < size && at > seenAt + CLOCK_SKEW) {
      throw broken('log', `entry ${index} was postdated: ${is}, and ${witness} saw it on ${when}`);
    }
    if (index >= size && at < seenAt - CLOCK_SKEW) {
      throw broken('log', `entry ${index} was backdated: ${is}, and ${witness} saw the log without it on ${when}`);
    }
  }
}

/** Refuse an answer of a version that was replaced long before. */
export function checkSuperseded({ versions }: ApplicationState, version: Version, now: number): void {
  const next = versions[version.number];
  if (next !== undefined && now > next.at + SUPERSEDED_GRACE) {
    throw broken('log', `the answer came from version ${version.number}, which was replaced on ${moment(next.at)}`);
  }
}

/** Which witnesses saw the entry, the earliest first. */
export function witnessed(index: number, sightings: readonly Sighting[]): Witnessed[] {
  const found: Witnessed[] = [];
  for (const witness of new Set(sightings.map((each) => each.witness))) {
    const own = sightings.filter((each) => each.witness === witness);
    const seen = own.filter(({ size }) => size > index).map(({ at }) => at);
    if (seen.length === 0) continue;
    const before = own.filter(({ size }) => size <= index).map(({ at }) => at);
    found.push({ witness, after: before.length === 0 ? null : Math.max(...before), by: Math.min(...seen) });
  }
  return found.sort((one, other) => one.by - other.by);
}

/**
 * Every change that is in force at `now` has been public for as long as was promised: `needed` witnesses saw its
 * announcement that long ago. Throws `EVIDENCE_INVALID`.
 */
export function checkNotice(
  activations: readonly Activation[],
  sightings: readonly Sighting[],
  needed: number,
  now: number,
): void {
  for (const { announcedIndex, announcedAt, delay } of activations) {
    const seen = witnessed(announcedIndex, sightings);
    const enough = now - delay + delay * NOTICE_GRACE;
    if (seen.filter(({ by }) => by <= enough).length >= needed) continue;
    const said = `the change in entry ${announcedIndex} is in force, and says that it was announced on ${moment(announcedAt)}`;
    const decisive = seen[needed - 1];
    throw broken(
      'notice',
      decisive === undefined
        ? `${said}; only ${seen.length} of the ${needed} witnesses that this page requires are shown to have seen that`
        : `${said}; ${decisive.witness} first saw it on ${moment(decisive.by)}, so it has not been public for the notice ` +
          `that was promised: wait until ${moment(decisive.by + delay)}, or find out what changed`,
      { logIndex: announcedIndex },
    );
  }
}
