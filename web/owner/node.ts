/** What the page asks of its node without a session: which applications a key signs for, packages, and to take commands. */
import { type Bytes, concat, toHex } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { request } from '../../packages/sdk/src/transports.ts';

const TIMEOUT = 30_000;
const MAX_LIST = 1024 * 1024;
const MAX_ANSWER = 64 * 1024;

/** One application of a list: the node's word, good for finding it. Times are Unix milliseconds. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: number;
  readonly policy: string;
  readonly pending: { readonly words: string; readonly activatesAt: number } | undefined;
  readonly archived: boolean;
}

export interface Accepted {
  readonly logIndex: number;
  /** When it comes into force, if it was announced only. */
  readonly activatesAt: number | undefined;
}

/** The applications that `key` owns or signs for, and whether there are more. */
export async function applicationsOf(key: Bytes): Promise<{ applications: Listed[]; more: boolean }> {
  const { applications, more } = record(await get(`/owner/applications?key=${toHex(key)}`, MAX_LIST));
  if (!Array.isArray(applications) || typeof more !== 'boolean') throw malformed();
  return { applications: applications.map(readListed), more };
}

/** Whether the node has the package. */
export async function hasPackage(packageId: string): Promise<boolean> {
  try {
    await get(`/explorer/packages/${packageId}.json`, 16 * MAX_LIST);
    return true;
  } catch (error) {
    if (error instanceof ProvenError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** Hand a signed command in. Throws what it is refused with. */
export async function submit(envelope: Bytes): Promise<Accepted> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, envelope.length);
  const answer = await request(`${location.origin}/.well-known/proven/commands`, {
    timeout: TIMEOUT,
    maxBytes: MAX_ANSWER,
    body: concat(length, envelope),
  });
  const { log_index: logIndex, activates_at: activatesAt } = record(JSON.parse(new TextDecoder().decode(answer)));
  if (!isCount(logIndex) || !(activatesAt === undefined || isCount(activatesAt))) throw malformed();
  return { logIndex, activatesAt };
}

async function get(path: string, maxBytes: number): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await request(`${location.origin}${path}`, { timeout: TIMEOUT, maxBytes })));
}

function readListed(value: unknown): Listed {
  const { id, name, roles, version, policy, pending, archived } = record(value);
  if (typeof id !== 'string' || !/^[a-z2-7]{32}$/.test(id)) throw malformed();
  if (typeof name !== 'string' || typeof policy !== 'string' || typeof archived !== 'boolean' || !isCount(version)) throw malformed();
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) throw malformed();
  return { id, name, roles, version, policy, archived, pending: pending === null ? undefined : readPending(pending) };
}

function readPending(value: unknown): NonNullable<Listed['pending']> {
  const { words, activates_at: activatesAt } = record(value);
  if (typeof words !== 'string' || !isCount(activatesAt)) throw malformed();
  return { words, activatesAt };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Record<string, unknown>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const malformed = (): ProvenError => new ProvenError('INTERNAL', 'the node sent a malformed answer');
