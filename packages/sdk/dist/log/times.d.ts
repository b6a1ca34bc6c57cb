import { type Remembered } from './memory.ts';
import { type ApplicationState, type Version } from './replay.ts';
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
export declare function checkTimes(times: Times, known: Remembered | null, sightings: readonly Sighting[], { now, latest }: {
    now: number;
    latest: number;
}): void;
/** Refuse an answer of a version that was replaced long before. */
export declare function checkSuperseded({ versions }: ApplicationState, version: Version, now: number): void;
/** Which witnesses saw the entry, the earliest first. */
export declare function witnessed(index: number, sightings: readonly Sighting[]): Witnessed[];
/**
 * Every change that is in force at `now` has been public for as long as was promised: `needed` witnesses saw its
 * announcement that long ago. Throws `EVIDENCE_INVALID`.
 */
export declare function checkNotice(activations: readonly Activation[], sightings: readonly Sighting[], needed: number, now: number): void;
