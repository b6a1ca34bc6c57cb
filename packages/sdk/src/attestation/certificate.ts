// Certification path validation (RFC 5280 §6.1) for the short, regular chains of attestation platforms. The twin of
// `proven.attestation._chain`.

import { type Bytes, concat, equal, fromHex, toHex } from '../bytes.ts';
import {
  BIT_STRING, BOOLEAN, boolean, DerReader, type Element, GENERALIZED_TIME, identifier, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, time, unsigned,
  UTC_TIME, wholeBytes,
} from './der.ts';
import { broken } from './rules.ts';

const ECDSA_WITH_SHA384 = fromHex('300a06082a8648ce3d040303');
const P384_KEY = fromHex('3076301006072a8648ce3d020106052b8104002203620004');
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_KEY_ID = '551d0e';
const AUTHORITY_KEY_ID = '551d23';
const P384 = { name: 'ECDSA', namedCurve: 'P-384' };
const ES384 = { name: 'ECDSA', hash: 'SHA-384' };

interface Extension {
  readonly critical: boolean;
  readonly value: Bytes;
}

/** What the rules are about. Names are compared as they are encoded. */
interface Certificate {
  readonly signed: Bytes;
  readonly signature: Bytes;
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly validFrom: number;
  readonly validTo: number;
  readonly point: Bytes;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly keyId: Bytes | null;
  readonly issuerKeyId: Bytes | null;
}

/**
 * The public key of the last certificate of `chain`, whose first one the caller trusts. `at` is in milliseconds.
 *
 * Every certificate, the root included, has to obey these rules:
 *
 * 1. It is X.509 version 3 with a P-384 key, signed with ECDSA and SHA-384.
 * 2. `at` is within its validity.
 * 3. It has no critical extension other than basic constraints and key usage.
 * 4. All but the last are authorities: critical basic constraints with CA set and a path length that allows what
 *    follows, and the right to sign certificates. The last one is none and has the right to sign data.
 * 5. All but the first name the one before as issuer, by name and, where both give one, by key identifier, and carry
 *    its signature.
 *
 * Throws `ProvenError` (`EVIDENCE_INVALID`, rules `chain` and `validity`).
 */
export async function validateChain(chain: readonly Bytes[], at: number): Promise<CryptoKey> {
  let issuer: Certificate | undefined;
  for (const [position, der] of chain.entries()) {
    const certificate = read(der, position);
    checkValidity(certificate, position, at);
    checkExtensions(certificate, position, chain.length - position - 1);
    if (issuer !== undefined) await checkIssuedBy(certificate, issuer, position);
    issuer = certificate;
  }
  if (issuer === undefined) throw broken('chain', 'an empty chain');
  return publicKey(issuer, chain.length - 1);
}

/** Whether this is a root that calls itself `name` (DER). */
export async function isSelfSigned(der: Bytes, name: Bytes): Promise<boolean> {
  const root = read(der, 0);
  if (!equal(root.subject, name) || !equal(root.issuer, name)) return false;
  return crypto.subtle.verify(ES384, await publicKey(root, 0), root.signature, root.signed);
}

function read(der: Bytes, position: number): Certificate {
  try {
    return parse(der);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken('chain', `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}

function parse(der: Bytes): Certificate {
  const whole = new DerReader(der);
  const certificate = whole.enter();
  whole.end();
  const signed = certificate.next(SEQUENCE);
  const algorithm = certificate.next(SEQUENCE).encoded;
  const signature = rawSignature(wholeBytes(certificate.next(BIT_STRING)));
  certificate.end();
  const body = new DerReader(signed.contents);
  if (toHex(body.next(0xa0).contents) !== '020102') throw new RangeError('it is not X.509 version 3');
  if (!unsigned(body.next(INTEGER), 20).some(Boolean)) throw new RangeError('it has no serial number');
  if (!equal(body.next(SEQUENCE).encoded, algorithm) || !equal(algorithm, ECDSA_WITH_SHA384)) {
    throw new RangeError('it is not signed with ECDSA and SHA-384');
  }
  const issuer = readName(body);
  const validity = body.enter();
  const [validFrom, validTo] = [timeOf(validity), timeOf(validity)];
  validity.end();
  const subject = readName(body);
  const key = body.next(SEQUENCE).encoded;
  if (key.length !== P384_KEY.length + 96 || !equal(key.subarray(0, P384_KEY.length), P384_KEY)) {
    throw new RangeError('it has a key that is not on P-384');
  }
  const point = concat(Uint8Array.of(4), key.subarray(P384_KEY.length));
  const extensions = body.atEnd ? new Map<string, Extension>() : readExtensions(body.enter(0xa3));
  body.end();
  const keyId = optional(extensions, SUBJECT_KEY_ID, (value) => alone(value, OCTET_STRING).contents);
  const issuerKeyId = optional(extensions, AUTHORITY_KEY_ID, readAuthorityKeyId);
  return { signed: signed.encoded, signature, issuer, subject, validFrom, validTo, point, extensions, keyId, issuerKeyId };
}

function optional(
  extensions: ReadonlyMap<string, Extension>,
  id: string,
  read: (value: Bytes) => Bytes | null,
): Bytes | null {
  const extension = extensions.get(id);
  return extension === undefined ? null : read(extension.value);
}

/** The one element that `value` is. */
function alone(value: Bytes, tag: number): Element {
  const whole = new DerReader(value);
  const element = whole.next(tag);
  whole.end();
  return element;
}

function readName(reader: DerReader): Bytes {
  const name = reader.next(SEQUENCE);
  for (const parts = new DerReader(name.contents); !parts.atEnd;) {
    for (const attributes = parts.enter(SET); !attributes.atEnd;) {
      const attribute = attributes.enter();
      identifier(attribute.next(OID));
      attribute.next(attribute.peek());
      attribute.end();
    }
  }
  return name.encoded;
}

function readExtensions(wrapper: DerReader): Map<string, Extension> {
  const list = wrapper.enter();
  wrapper.end();
  const extensions = new Map<string, Extension>();
  while (!list.atEnd) {
    const extension = list.enter();
    const id = toHex(identifier(extension.next(OID)));
    const critical = extension.peek() === BOOLEAN && boolean(extension.next(BOOLEAN));
    const value = extension.next(OCTET_STRING).contents;
    extension.end();
    if (extensions.has(id)) throw new RangeError('it has the same extension twice');
    extensions.set(id, { critical, value });
  }
  return extensions;
}

const timeOf = (reader: DerReader): number =>
  time(reader.next(reader.peek() === UTC_TIME ? UTC_TIME : GENERALIZED_TIME));

/** The two integers of an ECDSA signature side by side, as WebCrypto has them. */
function rawSignature(der: Bytes): Bytes {
  const whole = new DerReader(der);
  const pair = whole.enter();
  whole.end();
  const raw = concat(unsigned(pair.next(INTEGER), 48), unsigned(pair.next(INTEGER), 48));
  pair.end();
  return raw;
}

async function publicKey({ point }: Certificate, position: number): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', point, P384, false, ['verify']);
  } catch {
    throw broken('chain', `certificate ${position} has a key that is not on P-384`);
  }
}

function checkValidity({ validFrom, validTo }: Certificate, position: number, at: number): void {
  if (validFrom <= at && at <= validTo) return;
  const [from, to, now] = [validFrom, validTo, at].map((moment) => new Date(moment).toISOString());
  throw broken('validity', `certificate ${position} is valid from ${from} to ${to}, not at ${now}`);
}

function checkExtensions({ extensions }: Certificate, position: number, remaining: number): void {
  for (const [id, { critical }] of extensions) {
    if (critical && id !== BASIC_CONSTRAINTS && id !== KEY_USAGE) {
      throw broken('chain', `certificate ${position} has a critical extension that is not understood`);
    }
  }
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const usage = extensions.get(KEY_USAGE);
  if (!constraints?.critical || usage === undefined) {
    throw broken('chain', `certificate ${position} lacks critical basic constraints or key usage`);
  }
  const { authority, pathLength, signsCertificates, signsData } = reading(position, () => ({
    ...readConstraints(constraints.value),
    ...readUsage(usage.value),
  }));
  if (remaining === 0) {
    if (authority || signsCertificates || !signsData) {
      throw broken('chain', 'the last certificate is not one that signs data and nothing else');
    }
    return;
  }
  if (!authority || !signsCertificates) throw broken('chain', `certificate ${position} is not an authority`);
  if (pathLength < remaining - 1) {
    throw broken('chain', `certificate ${position} allows ${pathLength} authorities below it, not ${remaining - 1}`);
  }
}

function readConstraints(value: Bytes): { authority: boolean; pathLength: number } {
  const constraints = new DerReader(alone(value, SEQUENCE).contents);
  const authority = constraints.peek() === BOOLEAN && boolean(constraints.next(BOOLEAN));
  const pathLength = constraints.atEnd ? Infinity : unsigned(constraints.next(INTEGER), 1)[0]!;
  constraints.end();
  return { authority, pathLength };
}

function readUsage(value: Bytes): { signsCertificates: boolean; signsData: boolean } {
  const { contents } = alone(value, BIT_STRING);
  const [unused, bits] = [contents[0]!, contents[1]!];
  if (contents.length < 2 || contents.length > 3 || unused > 7) throw new RangeError('not a key usage');
  return { signsCertificates: Boolean(bits & 0x04), signsData: Boolean(bits & 0x80) };
}

async function checkIssuedBy(certificate: Certificate, issuer: Certificate, position: number): Promise<void> {
  if (!equal(certificate.issuer, issuer.subject)) {
    throw broken('chain', `certificate ${position} names another issuer than the one before it`);
  }
  const { issuerKeyId } = certificate;
  if (issuerKeyId !== null && issuer.keyId !== null && !equal(issuerKeyId, issuer.keyId)) {
    throw broken('chain', `certificate ${position} names another key than that of its issuer`);
  }
  const key = await publicKey(issuer, position - 1);
  if (!(await crypto.subtle.verify(ES384, key, certificate.signature, certificate.signed))) {
    throw broken('chain', `certificate ${position} is not signed by the one before it`);
  }
}

function readAuthorityKeyId(value: Bytes): Bytes | null {
  const fields = new DerReader(alone(value, SEQUENCE).contents);
  const keyId = fields.peek() === 0x80 ? fields.next(0x80).contents : null;
  fields.end();
  return keyId;
}

function reading<T>(position: number, parts: () => T): T {
  try {
    return parts();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken('chain', `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}
