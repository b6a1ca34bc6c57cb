// Who can change an application and when, in sentences for the page's readers.

import { type Bytes } from '../bytes.ts';
import { guardiansOf, type UpgradePolicy } from './applications.ts';
import { type ApplicationState, type Pending, short } from './replay.ts';

const UNITS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const;

/** Such as `7 days`, `1 day 12 hours`. */
export function duration(seconds: number): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.slice(0, 2).join(' ') || '0 seconds';
}

/** Unix milliseconds as a date and time. Times come from strangers: there may be no such day. */
export const moment = (milliseconds: number): string =>
  milliseconds < 253_402_300_800_000
    ? `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`
    : 'a day after the year 9999';

/** Who can change the application's code, and after what notice. */
export function whoMayChange({ archived, policy }: Pick<ApplicationState, 'archived' | 'policy'>): string {
  return archived ? 'It was archived: nobody can change it any more.' : policyInWords(policy, 'Its owner');
}

/** What was announced, and when it can come into force. */
export function announced({ change, announcedAt, activatesAt }: Pending): string {
  const when = `A change was announced on ${moment(announcedAt)} and can come into force from ${moment(activatesAt)}: `;
  switch (change.command) {
    case 'Deploy':
      return `${when}the package ${short(change.packageId)}.`;
    case 'RollBack':
      return `${when}a return to version ${change.version}.`;
    case 'SetUpgradePolicy':
      return `${when}another rule about who can change it. ${policyInWords(change.policy, 'Then its owner')}`;
    case 'TransferOwnership':
      return `${when}another owner, ${short(change.to)}.`;
  }
}

function policyInWords(policy: UpgradePolicy, owner: string): string {
  switch (policy.kind) {
    case 'immutable':
      return 'Nobody can ever change it.';
    case 'owner':
      return `${owner} can change it at any moment.`;
    case 'multisig':
      return `${keys(policy)} can change it together, at any moment.`;
    case 'timelock':
      return `${owner} can change it, ${notice(policy.delay, guardiansOf(policy))}`;
    case 'timelock_multisig':
      return `${keys(policy)} can change it together, ${notice(policy.delay, guardiansOf(policy))}`;
  }
}

const keys = ({ threshold, keys }: { threshold: number; keys: readonly Bytes[] }): string =>
  `${threshold} of ${keys.length} keys`;

function notice(delay: number, guardians: readonly Bytes[]): string {
  const after = `${duration(delay)} after announcing it in the log.`;
  if (guardians.length === 0) return after;
  return `${after} ${guardians.length === 1 ? 'A guardian' : `Any of ${guardians.length} guardians`} can veto until then.`;
}
