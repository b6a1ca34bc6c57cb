/**
 * What commands say, in the words of `proven app sign` (`proven.gateway.explorer._words`): a test asks both about
 * every kind of command.
 */
import { toHex } from '../../packages/sdk/src/bytes.ts';
import { type Command, guardiansOf, type UpgradePolicy } from '../../packages/sdk/src/log/applications.ts';

const UNITS = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']] as const;

/** What a command asks for. Text that its author chose is made `visible`. */
export function inWords(command: Command): string {
  switch (command.command) {
    case 'CreateApplication':
      return `Create the application ${visible(command.name)}`;
    case 'Deploy':
      return `Deploy the package ${command.packageId}`;
    case 'RollBack':
      return `Roll back to version ${command.version}`;
    case 'CancelUpgrade':
      return 'Cancel the pending change';
    case 'Veto':
      return 'Veto the pending change';
    case 'SetUpgradePolicy':
      return `Set the policy: ${policyInWords(command.policy)}`;
    case 'TransferOwnership':
      return `Make ${toHex(command.to)} the owner`;
    case 'AddAllowedOrigin':
      return `Allow pages of ${visible(command.origin)}`;
    case 'RemoveAllowedOrigin':
      return `No longer allow pages of ${visible(command.origin)}`;
    case 'LinkDomain':
      return `Claim the domain ${visible(command.domain)}`;
    case 'UnlinkDomain':
      return `Give up the domain ${visible(command.domain)}`;
    case 'Archive':
      return 'Archive the application';
  }
}

/** What somebody lets the command line read, until a time (Unix seconds). */
export const readingInWords = (what: string, name: string, until: number): string =>
  `Read the ${what} of ${visible(name)} until ${moment(until * 1000)}`;

/** What comes of making somebody else the owner. */
export function givenAway(policy: UpgradePolicy | undefined): string {
  if (policy === undefined || !('keys' in policy)) return 'Only who holds that key can give it back.';
  return `${together(policy.threshold, policy.keys.length)} can change it then as before, and give it to somebody else; who holds that key alone cannot.`;
}

/** Who may change an application, and when it takes effect, in one sentence. */
export function policyInWords(policy: UpgradePolicy): string {
  switch (policy.kind) {
    case 'immutable':
      return 'Nobody can change this.';
    case 'owner':
      return 'Its owner can change it at any moment.';
    case 'timelock':
      return `Its owner can change it; changes are announced ${duration(policy.delay)} before.`;
    case 'multisig':
      return `${together(policy.threshold, policy.keys.length)} can change it at any moment.`;
    case 'timelock_multisig':
      return `${together(policy.threshold, policy.keys.length)} can change it; changes are announced ${duration(policy.delay)} before.`;
  }
}

/** What the guardians may do, where there are any. */
export function guardiansInWords(policy: UpgradePolicy): string | undefined {
  const { length } = guardiansOf(policy);
  if (length === 0) return undefined;
  const who = length === 1 ? 'A guardian can' : `Any of ${length} guardians can`;
  return `${who} veto a change until it takes effect, and can do nothing else.`;
}

/** The two largest units of a time that is left: `6 days 23 hours`. Rounded down, at least a second. */
export function duration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.max(1, Math.floor(seconds));
  for (const [size, unit] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(plural(count, unit));
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ');
}

export const plural = (count: number, noun: string): string => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** Unix milliseconds in UTC, to the second. */
export const moment = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/**
 * Text that somebody else chose, with everything beyond plain ASCII written as `⟨U+202E⟩`. Nothing that takes effect
 * has any: names, origins and domains are ASCII, and other letters are in punycode there.
 */
export const visible = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (character) => `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);

function together(threshold: number, keys: number): string {
  if (threshold === keys) return keys === 1 ? 'The holder of one key' : `All of ${keys} key holders together`;
  return threshold === 1 ? `Any one of ${keys} key holders` : `${threshold} of ${keys} key holders together`;
}
