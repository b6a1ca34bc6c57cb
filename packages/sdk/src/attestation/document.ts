// The attestation document of AWS Nitro Enclaves: a payload of CBOR inside a COSE_Sign1. Structure and limits are those
// of AWS's "Nitro Enclaves attestation process"; the twin of `proven.attestation._document`.

import { type Bytes } from '../bytes.ts';
import { type Item, MAP, Reader } from '../cbor.ts';
import { decodeSign1, type Sign1 } from '../cose.ts';
import { broken } from './rules.ts';

const MAX_DOCUMENT = 16 * 1024;
const MAX_PCRS = 32;
const MAX_CABUNDLE = 8;
const MAX_TIMESTAMP = 253_402_300_799_999;
const REQUIRED = ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'];
const FIELDS = [...REQUIRED, 'public_key', 'user_data', 'nonce'];
const INDEFINITE_MAP = 0xbf;
const BREAK = 0xff;

/** The payload's fields: well-formed and within limits, but not yet to be believed. */
export interface Document {
  readonly moduleId: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly pcrs: ReadonlyMap<number, Bytes>;
  readonly certificate: Bytes;
  readonly cabundle: readonly Bytes[];
  readonly publicKey: Bytes | null;
  readonly userData: Bytes | null;
  readonly nonce: Bytes | null;
}

/** Throws `ProvenError` (`EVIDENCE_INVALID`, rules `size`, `encoding`, `structure`). */
export function readDocument(data: Bytes): [Sign1, Document] {
  if (data.length > MAX_DOCUMENT) throw broken('size', `a document of ${data.length} bytes is over the limit`);
  let envelope: Sign1;
  let fields: Map<string, Item>;
  let floats: number;
  try {
    envelope = decodeSign1(data, MAX_DOCUMENT);
    [fields, floats] = readPayload(envelope.payload);
  } catch (error) {
    throw broken('encoding', `not an attestation document: ${error instanceof Error ? error.message : error}`);
  }
  check(floats === 0, 'a field is a float, and none may be');
  return [envelope, readFields(fields)];
}

/** The security module writes an indefinite-length map in an order of its own; its items are canonical. */
function readPayload(payload: Bytes): [Map<string, Item>, floats: number] {
  const reader = new Reader(payload);
  const indefinite = reader.peek() === INDEFINITE_MAP;
  let count: number | bigint = FIELDS.length;
  if (indefinite) reader.position = 1;
  else {
    const [major, size] = reader.head();
    if (major !== MAP) throw new RangeError('the payload has to be a map');
    count = size;
  }
  const fields = new Map<string, Item>();
  while (fields.size < count && !(indefinite && reader.peek() === BREAK)) {
    const name = reader.item(0);
    if (typeof name !== 'string' || fields.has(name) || !FIELDS.includes(name)) {
      throw new RangeError('an unknown or repeated field');
    }
    fields.set(name, reader.item(1));
  }
  if (indefinite) {
    if (reader.peek() !== BREAK) throw new RangeError('an unknown or repeated field');
    reader.position++;
  }
  reader.end();
  return [fields, reader.floats];
}

function readFields(fields: Map<string, Item>): Document {
  for (const name of REQUIRED) check(fields.has(name), `${name} is missing`);
  const moduleId = fields.get('module_id');
  const timestamp = fields.get('timestamp');
  check(
    typeof moduleId === 'string' && moduleId.length > 0 && [...moduleId].length <= 256,
    'module_id has to be text of 1 to 256 characters',
  );
  check(fields.get('digest') === 'SHA384', 'digest has to be SHA384');
  check(
    typeof timestamp === 'number' && Number.isInteger(timestamp) && timestamp > 0 && timestamp <= MAX_TIMESTAMP,
    'timestamp has to be an integer in range',
  );
  return {
    moduleId,
    timestamp,
    pcrs: readPcrs(fields.get('pcrs')),
    certificate: readBytes(fields, 'certificate', 1, 1024),
    cabundle: readCabundle(fields.get('cabundle')),
    publicKey: readOptional(fields, 'public_key', 1, 1024),
    userData: readOptional(fields, 'user_data', 0, 512),
    nonce: readOptional(fields, 'nonce', 0, 512),
  };
}

function readPcrs(value: Item | undefined): Map<number, Bytes> {
  check(value instanceof Map && value.size >= 1 && value.size <= MAX_PCRS, `pcrs has to be 1 to ${MAX_PCRS} registers`);
  const pcrs = new Map<number, Bytes>();
  for (const [index, register] of value) {
    check(typeof index === 'number' && index >= 0 && index < MAX_PCRS, 'the index of a register is out of range');
    check(
      register instanceof Uint8Array && [32, 48, 64].includes(register.length),
      `PCR${index} has to be 32, 48 or 64 bytes`,
    );
    pcrs.set(index, register);
  }
  check(pcrs.has(0), 'PCR0, which measures the image, is missing');
  return pcrs;
}

function readCabundle(value: Item | undefined): Bytes[] {
  check(
    Array.isArray(value) && value.length >= 1 && value.length <= MAX_CABUNDLE,
    `cabundle has to be an array of 1 to ${MAX_CABUNDLE} certificates`,
  );
  return value.map((item) => readBytes(new Map([['cabundle', item]]), 'cabundle', 1, 1024));
}

function readBytes(fields: ReadonlyMap<string, Item>, name: string, least: number, most: number): Bytes {
  const value = fields.get(name);
  check(
    value instanceof Uint8Array && value.length >= least && value.length <= most,
    `${name} has to be ${least} to ${most} bytes`,
  );
  return value;
}

const readOptional = (fields: ReadonlyMap<string, Item>, name: string, least: number, most: number): Bytes | null =>
  fields.get(name) == null ? null : readBytes(fields, name, least, most);

function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw broken('structure', message);
}
