// Answers questions about the sources, one JSON object a line on standard input, for the tests in Python.

import { createInterface } from 'node:readline';

import { validateChain } from '../src/attestation/certificate.ts';
import { type Policy } from '../src/attestation/policy.ts';
import { broken } from '../src/attestation/rules.ts';
import { verifyEvidence } from '../src/attestation/verifier.ts';
import { type Bytes, equal, fromHex, toHex } from '../src/bytes.ts';
import { decode, encode } from '../src/cbor.ts';
import { decodeMessage, encodeCommand } from '../src/commands.ts';
import { ProvenError } from '../src/errors.ts';
import * as identity from '../src/identity.ts';
import { decodeEnvelope, type UpgradePolicy, verifyCommand } from '../src/log/applications.ts';
import { checkRemembered, checkSize, readCheckpoint } from '../src/log/check.ts';
import { splitEntries } from '../src/log/collect.ts';
import { decodeEntry } from '../src/log/entries.ts';
import { checkHead } from '../src/log/head.ts';
import * as merkle from '../src/log/merkle.ts';
import { parseKey } from '../src/log/notes.ts';
import { Replay } from '../src/log/replay.ts';
import { checkNotice, checkSuperseded, checkTimes } from '../src/log/times.ts';
import { checkBegin, readLog, replay } from '../src/log/view.ts';
import { cosigned, cosignedBefore, witnessesOf } from '../src/log/witnesses.ts';
import { whoMayChange } from '../src/log/words.ts';
import { ClientHandshake, SealedChannel } from '../src/session.ts';
import { decodeValue, encodeValue } from '../src/values.ts';

type Question = Record<string, any>;

const X25519_PKCS8 = fromHex('302e020100300506032b656e04220420');

async function keyPair(secret: string): Promise<CryptoKeyPair> {
  const pkcs8 = new Uint8Array([...X25519_PKCS8, ...fromHex(secret)]);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', true, ['deriveKey', 'deriveBits']);
  const { x } = await crypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'X25519', x: x! }, 'X25519', true, []);
  return { privateKey, publicKey };
}

const sameHex = (text: string): Bytes[] => (text.match(/.{64}/g) ?? []).map(fromHex);

/** As JSON: bytes in hex, and nothing that has no value. */
function plain(value: unknown): any {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

const questions: Record<string, (question: Question) => unknown> = {
  value: ({ javascript, encoded }) => ({
    written: toHex(encodeValue((0, eval)(`(${javascript})`))),
    again: toHex(encodeValue(decodeValue(fromHex(encoded)))),
  }),
  evaluate: ({ javascript }) => toHex(encodeValue((0, eval)(`(${javascript})`))),
  decodeValue: ({ encoded }) => toHex(encodeValue(decodeValue(fromHex(encoded)))),
  decode: ({ encoded }) => {
    decode(fromHex(encoded), { maxBytes: 1 << 20, maxDepth: 16 });
    return true;
  },
  async identity({ seed, application, transcript }) {
    const key = await identity.deriveIdentityKey(fromHex(seed), application);
    return {
      public_key: toHex(key.publicKey),
      identity: key.identity,
      signed_message: toHex(identity.identifyMessage(application, fromHex(transcript))),
      signature: toHex(await identity.sign(key, fromHex(transcript))),
      extractable: key.privateKey.extractable,
    };
  },
  async owner({ seed, held }) {
    const key = await identity.deriveOwnerKey(held ? await identity.holdSeed(fromHex(seed)) : fromHex(seed));
    return { public_key: toHex(key.publicKey), extractable: key.privateKey.extractable };
  },
  async account({ seed }) {
    return { account: await identity.accountId(fromHex(seed)), prf_input: toHex(await identity.prfInput()) };
  },
  async encrypt({ seed, application, nonce, plaintext }) {
    const key = await identity.deriveEncryptionKey(await identity.holdSeed(fromHex(seed)), application);
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: fromHex(nonce) }, key, fromHex(plaintext));
    return { ciphertext: toHex(new Uint8Array(sealed)), extractable: key.extractable };
  },
  unwrap: async ({ wrapped, prf, account }) => toHex(await identity.unwrapSeed(fromHex(wrapped), fromHex(prf), account)),
  wrap: async ({ seed, prf, account }) => toHex(await identity.wrapSeed(fromHex(seed), fromHex(prf), account)),
  async session({ application, handshake, frames }) {
    const client = new ClientHandshake({
      applicationId: application,
      origin: handshake.origin,
      keyPair: await keyPair(handshake.client_private_key),
      nonce: fromHex(handshake.client_nonce),
    });
    const request = toHex(await client.request());
    let seen: Record<string, string> = {};
    const [channel] = await client.finish(fromHex(handshake.response), async (document, expected) => {
      seen = {
        evidence: toHex(document),
        nonce: toHex(expected.nonce),
        transcript: toHex(expected.userData),
        server_key: toHex(expected.publicKey),
      };
    });
    const outcomes: { frame?: string; plaintext?: string; kind?: string }[] = [];
    for (const { direction, plaintext, frame } of frames) {
      if (direction === 'client') outcomes.push({ frame: toHex(await channel.seal(fromHex(plaintext))[1]) });
      else {
        const opened = await channel.open(fromHex(frame));
        outcomes.push({ plaintext: toHex(opened), kind: decodeMessage(opened).kind });
      }
    }
    return { request, seen, outcomes };
  },
  /** What becomes of a channel that receives these frames of the server, one after the other. */
  async receive({ application, handshake, frames }) {
    const client = new ClientHandshake({
      applicationId: application,
      origin: handshake.origin,
      keyPair: await keyPair(handshake.client_private_key),
      nonce: fromHex(handshake.client_nonce),
    });
    await client.request();
    const [channel]: [SealedChannel, unknown] = await client.finish(fromHex(handshake.response), async () => {});
    const opened: string[] = [];
    for (const frame of frames) {
      opened.push(await channel.open(fromHex(frame)).then(() => 'opened', ({ code }) => code));
    }
    return { opened, closed: channel.closed };
  },
  async finish({ application, handshake, response }) {
    const client = new ClientHandshake({
      applicationId: application,
      origin: handshake.origin,
      keyPair: await keyPair(handshake.client_private_key),
      nonce: fromHex(handshake.client_nonce),
    });
    await client.request();
    await client.finish(fromHex(response), async () => {});
    return true;
  },
  command: ({ name, fields }) => toHex(encodeCommand(name, fields)),
  message: ({ plaintext }) => decodeMessage(fromHex(plaintext)).kind,
  async verify({ document, at, policy, root, nonce, userData, publicKey }) {
    const bytes = (text?: string): Bytes | undefined => (text === undefined ? undefined : fromHex(text));
    const said = { nonce: bytes(nonce), userData: bytes(userData), publicKey: bytes(publicKey) };
    const expected = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
    const pinned = bytes(root);
    const platformOf = pinned && (async (found: Bytes) => {
      if (!equal(found, pinned)) throw broken('root', 'another root');
      return 'nitro' as const;
    });
    const evidence = await verifyEvidence(fromHex(document), expected, policy as Policy, at, platformOf);
    return { platform: evidence.platform, moduleId: evidence.moduleId, timestamp: evidence.timestamp, debug: evidence.debug };
  },
  async chain({ chain, at }) {
    await validateChain(chain.map(fromHex), at);
    return true;
  },
  async inclusion({ leaf, index, size, root, proof }) {
    await merkle.checkInclusion(fromHex(leaf), index, size, fromHex(root), sameHex(proof));
    return true;
  },
  async consistency({ old, size, oldRoot, root, proof }) {
    await merkle.checkConsistency(old, size, fromHex(oldRoot), fromHex(root), sameHex(proof));
    return true;
  },
  async root({ leaves }) {
    return toHex(await merkle.rootOf(await Promise.all(leaves.map((leaf: string) => merkle.leafHash(fromHex(leaf))))));
  },
  bundle: ({ bundle }) => splitEntries(fromHex(bundle)).map(toHex),
  checkpoint: async ({ key, note }) => plain((await readCheckpoint(await parseKey(key), fromHex(note)))[1]),
  async envelope({ envelope }) {
    const signed = decodeEnvelope(fromHex(envelope));
    await verifyCommand(signed);
    return plain(signed);
  },
  entry: ({ entry }) => plain(decodeEntry(fromHex(entry))),
  /** Offers leaves one after the other; those that are refused are left out. */
  async replay({ origin, application, leaves }) {
    const replayed = new Replay(origin, application);
    const refused: (string | null)[] = [];
    for (const [index, leaf] of leaves.entries()) {
      try {
        await replayed.append(decodeEntry(fromHex(leaf)), index);
        refused.push(null);
      } catch (error) {
        if (!(error instanceof ProvenError)) throw error;
        refused.push(error.code);
      }
    }
    const { state } = replayed;
    if (state === null) return { refused };
    const { owner, policy, pending, archived, versions, history } = state;
    return plain({ refused, owner, policy, pending, archived, versions, history });
  },
  words: ({ policy, archived }) => whoMayChange({ policy: policy as UpgradePolicy, archived }),
  /** What `checkLog` does with a log after it was fetched. */
  async log({
    key, note, entries, whole, application, answer, known, consistency, now = Date.now(), answeredAt, attestedAt = now,
    policy = {}, earlier = [], proofs = {}, head,
  }) {
    const parsed = await parseKey(key);
    const witnesses = await witnessesOf(policy);
    const [signed, checkpoint] = await readCheckpoint(parsed, fromHex(note));
    const remembered = known === null ? null : { ...known, root: fromHex(known.root) };
    checkSize(checkpoint, remembered);
    const given = entries.map(({ index, leaf, proof }: Question) => ({
      index, leaf: fromHex(leaf), proof: proof.map(fromHex),
    }));
    const view = await readLog(parsed, checkpoint, given, whole);
    await checkRemembered(view, remembered, async () => consistency.map(fromHex));
    const compare = (size: number, root: Bytes): Promise<void> =>
      checkBegin(view, size, root, async () => (proofs[size] ?? []).map(fromHex));
    const { state, version, times, activations, announcements } = await replay(view, application, answer);
    const sightings = [
      ...await cosigned(signed, checkpoint, witnesses),
      ...await cosignedBefore(earlier.map(fromHex), checkpoint, witnesses, compare),
    ];
    checkTimes(times, remembered, sightings, { now, latest: Math.min(now, attestedAt) });
    checkSuperseded(state, version, answeredAt ?? 0);
    if (head) await checkHead({ ...head, root: fromHex(head.root) }, checkpoint, state.history.length, compare);
    if (policy.noticeWitnessed) checkNotice(activations, sightings, witnesses.needed, now);
    return plain({ version, name: state.name, announcements });
  },
  cbor: ({ value }) => toHex(encode(value)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question;
  let outcome: unknown;
  try {
    outcome = { value: await questions[question.ask]!(question) };
  } catch (error) {
    outcome = error instanceof ProvenError
      ? { code: error.code, message: error.message, details: error.details ?? null }
      : { crash: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
