/** Whether a command could take effect now, and whose signatures it takes. What is refused here no log would take. */
import { type Bytes, equal, toHex } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { type Command, guardiansOf, type UpgradePolicy } from '../../packages/sdk/src/log/applications.ts';
import { type ApplicationState, endsPending } from '../../packages/sdk/src/log/replay.ts';
import type { Asked } from './asked.ts';
import type { Reading } from './log.ts';
import { outOfTime, type Permission } from './permission.ts';
import { visible } from './words.ts';

const UPGRADES: ReadonlySet<string> = new Set(['Deploy', 'RollBack', 'SetUpgradePolicy', 'TransferOwnership']);

export interface Signers {
  readonly keys: readonly Bytes[];
  /** How many of them have to sign. */
  readonly threshold: number;
}

/** Who signs commands of this kind. */
export function signersOf({ policy, owner }: Pick<ApplicationState, 'policy' | 'owner'>, command: Command['command']): Signers {
  if (command === 'Veto') return { keys: guardiansOf(policy), threshold: 1 };
  return 'threshold' in policy ? { keys: policy.keys, threshold: policy.threshold } : { keys: [owner], threshold: 1 };
}

/** Why nobody should sign this, undefined if there is no reason. */
export function objection(asked: Asked, reading: Reading): string | undefined {
  const { state } = reading;
  const elsewhere = misplaced(asked, reading);
  if (elsewhere !== undefined || asked.applicationId === null || state === null) return elsewhere;
  const { name, policy, pending, archived, versions } = state;
  if (archived) return `${name} was archived. It cannot change any more.`;
  if (asked.revision !== state.history.length && !endsPending(state, asked)) {
    return `The log has ${state.history.length} of ${name}’s entries, and whoever wrote this had seen ${asked.revision}. No log takes it: have it written anew.`;
  }
  const { command } = asked;
  const upgrades = UPGRADES.has(command.command);
  if (upgrades && policy.kind === 'immutable') return `${name} is immutable: nobody changes it, ever.`;
  if (upgrades && pending !== null) return `A change of ${name} is pending. It has to be cancelled first.`;
  if (!upgrades && pending === null && (command.command === 'CancelUpgrade' || command.command === 'Veto')) {
    return `${name} has no pending change.`;
  }
  if (command.command === 'RollBack' && command.version >= versions.length) return `${name} has no earlier version ${command.version}.`;
  return undefined;
}

/** Why nobody should sign this permission now, undefined if there is no reason. */
export function objectionToReading(permission: Permission, reading: Reading): string | undefined {
  return misplaced(permission, reading) ?? outOfTime(permission, Date.now());
}

/** Why it is for another log or application than there is here. */
function misplaced({ origin, applicationId }: Pick<Asked, 'origin' | 'applicationId'>, reading: Reading): string | undefined {
  if (origin !== reading.origin) {
    return `It is for the log ${visible(origin)}, and this node’s is ${visible(reading.origin)}. Open the owner page of a node of that network.`;
  }
  if (applicationId === null || reading.state !== null) return undefined;
  return `Nobody has created the application ${applicationId} in this log.`;
}

/** Throws `ProvenError` (`NOT_OWNER`) unless the holder of `key` may read logs and metrics, and so let others. */
export function requireReader({ state }: Reading, key: Bytes): void {
  if (state === null) throw new ProvenError('NOT_OWNER', 'nobody reads what is not there');
  const { owner, policy, name } = state;
  if ([owner, ...('keys' in policy ? policy.keys : [])].some((each) => equal(each, key))) return;
  throw new ProvenError('NOT_OWNER', `your owner key, ${toHex(key)}, is neither the owner’s of ${name} nor one of those that sign for it`);
}

/** Seconds of notice that a command has to give, 0 if it takes effect at once. */
export function noticeOf({ policy }: Pick<ApplicationState, 'policy'>, command: Command['command']): number {
  return UPGRADES.has(command) && 'delay' in policy ? policy.delay : 0;
}

/** Throws `ProvenError` (`NOT_OWNER`) unless the signature of `key` counts. */
export function requireSigner(asked: Asked, { state }: Reading, key: Bytes): void {
  if (state === null || asked.applicationId === null) return;
  const { keys } = signersOf(state, asked.command.command);
  if (keys.some((each) => equal(each, key))) return;
  throw new ProvenError('NOT_OWNER', `your owner key, ${toHex(key)}, is not one that signs this for ${state.name}`);
}

/** What somebody is to an application. */
export function rolesOf({ policy, owner }: Pick<ApplicationState, 'policy' | 'owner'>, key: Bytes): string[] {
  const is = (keys: readonly Bytes[]): boolean => keys.some((each) => equal(each, key));
  return [
    ...(equal(owner, key) ? ['owner'] : []),
    ...('keys' in policy && is(policy.keys) ? [ofThreshold(policy)] : []),
    ...(is(guardiansOf(policy)) ? ['guardian'] : []),
  ];
}

const ofThreshold = ({ threshold, keys }: Extract<UpgradePolicy, { threshold: number }>): string =>
  `one of ${keys.length} who sign, ${threshold} together`;
