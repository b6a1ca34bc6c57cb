import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../packages/sdk/src/bytes.ts';
import { encode } from '../../../packages/sdk/src/cbor.ts';
import { deriveIdentityKey, deriveOwnerKey, identifyMessage } from '../../../packages/sdk/src/identity.ts';
import { BODY_LABEL, decodeBody } from '../../../packages/sdk/src/log/applications.ts';
import { applicationId } from '../../../packages/sdk/src/log/replay.ts';
import { askedBody, askedCreation, askedEnvelope, envelopeOf, sign } from '../asked.ts';
import { readConfiguration } from '../configuration.ts';
import { readHandover } from '../handover.ts';
import { givenAway } from '../words.ts';
import { askedPermission, PERMISSION_LABEL, signPermission } from '../permission.ts';
import { objection, objectionToReading, requireReader, requireSigner } from '../rules.ts';

const LOG = 'proven.local/log';
const APP = 'b'.repeat(32);
const SEED = new Uint8Array(32).fill(7);
const anybody = () => undefined;
const bodyOf = (fields, { label = BODY_LABEL, origin = LOG, app = APP, revision = 2 } = {}) => encode([label, origin, app, revision, fields]);
const VETO = { command: 'Veto' };

const fragmentOf = (fields) => `#command=${Buffer.from(encode(fields)).toString('base64url')}`;
const HANDED = { port: 40_000, token: new Uint8Array(32), body: bodyOf(VETO) };

const NOW = Math.floor(Date.now() / 1000);
const READ = { label: PERMISSION_LABEL, origin: LOG, app: APP, what: 'logs', reader: 'c'.repeat(32), until: NOW + 600 };
const permissionOf = (change) => {
  const { label, origin, app, what, reader, until } = { ...READ, ...change };
  return encode([label, origin, app, what, reader, until]);
};

async function signedBy(seed, body) {
  const { privateKey, publicKey } = await deriveOwnerKey(seed);
  return [publicKey, new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, body))];
}

test('a signature is over the bytes that were decoded, whatever becomes of those that were given', async () => {
  const given = bodyOf({ command: 'Deploy', package_id: '1'.repeat(64) });
  const asked = askedBody(given);
  const other = bodyOf({ command: 'Deploy', package_id: '2'.repeat(64) });
  given.set(other);
  const { body, signature, publicKey } = await sign(asked, SEED, anybody);
  assert.equal(decodeBody(body).command.packageId, '1'.repeat(64));
  assert.equal(asked.command.packageId, '1'.repeat(64));
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  assert.ok(await crypto.subtle.verify('Ed25519', key, signature, body));
  assert.ok(!(await crypto.subtle.verify('Ed25519', key, signature, other)));
});

test('nothing is signed but commands to applications', async () => {
  const others = [
    new Uint8Array(0), new Uint8Array(32), identifyMessage(null, new Uint8Array(32)), identifyMessage(APP, new Uint8Array(32)),
    bodyOf(VETO, { label: 'proven/application-command/v2' }), bodyOf(VETO, { label: 'proven/identify/v1' }), encode([BODY_LABEL]), encode(VETO),
    bodyOf({ command: 'Withdraw' }), bodyOf({ ...VETO, more: 1 }), bodyOf({ command: ['Veto'] }), bodyOf({}), bodyOf(VETO, { app: 'B'.repeat(32) }),
    bodyOf({ command: 'SetUpgradePolicy', policy: { kind: 'timelock', delay: 59 } }), bodyOf({ command: 'TransferOwnership', to: new Uint8Array(32) }),
    bodyOf({ command: 'SetUpgradePolicy', policy: { kind: 'timelock', delay: 60, guardians: [] } }), new Uint8Array([...bodyOf(VETO), 0]),
  ];
  for (const other of others) {
    assert.throws(() => askedBody(other), { name: 'ProvenError' }, toHex(other));
    const forced = { ...askedBody(bodyOf(VETO)), body: () => Promise.resolve(other) };
    await assert.rejects(sign(forced, SEED, anybody), { name: 'ProvenError' }, toHex(other));
  }
});

test('a permission to read is never a command, nor a command a permission', async () => {
  const body = permissionOf({});
  const { signature, publicKey } = await signPermission(askedPermission(body), SEED, anybody);
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  assert.ok(await crypto.subtle.verify('Ed25519', key, signature, body));
  assert.throws(() => askedBody(body), { name: 'ProvenError' });
  await assert.rejects(askedEnvelope(encode({ body, signatures: [[publicKey, signature]] })), { name: 'ProvenError' });
  for (const other of [
    bodyOf(VETO), identifyMessage(null, new Uint8Array(32)), permissionOf({ label: BODY_LABEL }), permissionOf({ label: 'proven/identify/v1' }),
    permissionOf({ what: 'data' }), permissionOf({ what: ['logs'] }), permissionOf({ app: 'todo' }), permissionOf({ app: null }), permissionOf({ reader: '' }),
    permissionOf({ origin: '' }), permissionOf({ until: -1 }), permissionOf({ until: '9' }), permissionOf({ until: null }),
    new Uint8Array([...body, 0]), new Uint8Array(0), encode([PERMISSION_LABEL]), new Uint8Array(2000),
  ]) {
    assert.throws(() => askedPermission(other), { name: 'ProvenError' }, toHex(other));
    await assert.rejects(signPermission({ ...askedPermission(body), raw: other }, SEED, anybody), { name: 'ProvenError' }, toHex(other));
  }
});

test('nobody lets read who may not, elsewhere, too late, or for too long', async () => {
  const { publicKey: owner } = await deriveOwnerKey(SEED);
  const { publicKey: guardian } = await deriveOwnerKey(new Uint8Array(32).fill(1));
  const { publicKey: signer } = await deriveOwnerKey(new Uint8Array(32).fill(2));
  const policy = { kind: 'timelock_multisig', delay: 60, threshold: 1, keys: [signer], guardians: [guardian] };
  const reading = { origin: LOG, state: { id: APP, name: 'todo', owner, policy, archived: false, versions: [], history: [0], pending: null }, bodies: [], complete: true };
  const asked = (change) => askedPermission(permissionOf(change));
  assert.equal(objectionToReading(asked({}), reading), undefined);
  assert.equal(objectionToReading(asked({ until: NOW + 12 * 3600 }), reading), undefined);
  assert.match(objectionToReading(asked({ origin: 'other/log' }), reading), /network/);
  assert.match(objectionToReading(asked({}), { ...reading, state: null }), /Nobody/);
  for (const [until, why] of [[NOW - 1, /over/], [0, /over/], [NOW + 13 * 3600, /longer/], [Number.MAX_SAFE_INTEGER, /longer/]]) {
    assert.match(objectionToReading(asked({ until }), reading), why);
    await assert.rejects(signPermission(asked({ until }), SEED, anybody), { code: 'CONFLICT' });
  }
  requireReader(reading, owner);
  requireReader(reading, signer);
  assert.throws(() => requireReader(reading, guardian), { code: 'NOT_OWNER' });
  assert.throws(() => requireReader({ ...reading, state: null }, owner), { code: 'NOT_OWNER' });
});

test('text that no log takes, because it looks like other text, is refused and shown by its numbers', () => {
  const odd = ['<img src=x onerror=alert(1)>', 'to\u202edo', 'to\u200bdo', 'tоdo', 'Todo', 'a b', 'to\ndo', '-todo', '\u{1f512}', 'xn--todo', 'a'.repeat(32)];
  for (const name of odd) {
    const create = encode({ command: 'CreateApplication', name, nonce: new Uint8Array(16) });
    assert.throws(() => askedCreation(LOG, create), (error) => {
      assert.equal(error.code, 'BAD_REQUEST');
      assert.match(error.message, /^this is no name of an application: [\x20-\x7e⟨⟩]+$/);
      return true;
    });
    for (const [command, field] of [['AddAllowedOrigin', 'origin'], ['LinkDomain', 'domain']]) {
      const given = bodyOf({ command, [field]: field === 'origin' ? `https://${name}` : name });
      if (name === 'Todo' || field === 'domain' || !/^[a-z0-9.:[\]-]+$/.test(name)) assert.throws(() => askedBody(given), { code: 'BAD_REQUEST' });
    }
  }
  assert.throws(() => askedCreation(LOG, encode({ command: 'CreateApplication', name: 'tоdo', nonce: new Uint8Array(1) })), /t⟨U\+043E⟩do/);
});

test('an application is created by the key that signs, under the name that was shown', async () => {
  const nonce = new Uint8Array(16).fill(3);
  const asked = askedCreation(LOG, encode({ command: 'CreateApplication', name: 'todo', nonce }));
  assert.equal(asked.applicationId, null);
  const { body, publicKey } = await sign(asked, SEED, anybody);
  const read = decodeBody(body);
  assert.deepEqual([read.origin, read.revision, read.command.name], [LOG, 0, 'todo']);
  assert.equal(read.applicationId, await applicationId(publicKey, nonce));
  assert.throws(() => askedCreation(LOG, encode(VETO)), { code: 'BAD_REQUEST' });
  assert.throws(() => askedBody(bodyOf({ command: 'CreateApplication', name: 'todo', nonce }, { revision: 0 })), { code: 'BAD_REQUEST' });
});

test('a file is taken only with good signatures, and keeps them', async () => {
  const body = bodyOf(VETO);
  const other = await signedBy(new Uint8Array(32).fill(1), body);
  const asked = await askedEnvelope(encode({ body, signatures: [other] }));
  const mine = await sign(asked, SEED, anybody);
  const again = await askedEnvelope(envelopeOf(asked, mine));
  assert.deepEqual(new Set(again.signatures.map(([key]) => toHex(key))), new Set([toHex(other[0]), toHex(mine.publicKey)]));
  assert.deepEqual(envelopeOf(again, mine), envelopeOf(asked, mine));
  const forged = [other[0], other[1].map((byte, index) => (index === 5 ? byte ^ 1 : byte))];
  for (const envelope of [
    encode({ body, signatures: [forged] }), encode({ body, signatures: [] }), encode({ body, signatures: [other, other] }),
    encode({ body: bodyOf({ command: 'Archive' }), signatures: [other] }), encode({ body, signatures: [other], more: 1 }), body,
    new Uint8Array(32 * 1024 + 1), new Uint8Array(0),
  ]) await assert.rejects(askedEnvelope(envelope), { name: 'ProvenError' });
});

test('the owner key is no key that signs in', async () => {
  const owner = toHex((await deriveOwnerKey(SEED)).publicKey);
  for (const application of [null, APP]) assert.notEqual(toHex((await deriveIdentityKey(SEED, application)).publicKey), owner);
});

test('addresses are read in exactly their form', async () => {
  assert.equal((await readHandover(fragmentOf(HANDED))).port, 40_000);
  const { body: _, ...rest } = HANDED;
  const create = encode({ command: 'CreateApplication', name: 'todo', nonce: new Uint8Array(16) });
  assert.equal((await readHandover(fragmentOf({ ...rest, origin: LOG, create }))).asked.applicationId, null);
  const read = permissionOf({});
  assert.equal((await readHandover(fragmentOf({ ...rest, read }))).permission.what, 'logs');
  const envelope = encode({ body: HANDED.body, signatures: [await signedBy(SEED, HANDED.body)] });
  assert.equal((await readHandover(fragmentOf({ ...rest, envelope }))).asked.signatures.length, 1);
  const unsigned = encode({ body: HANDED.body, signatures: [[(await signedBy(SEED, HANDED.body))[0], new Uint8Array(64)]] });
  const others = [
    fragmentOf(rest), fragmentOf({ ...HANDED, more: 1 }), fragmentOf({ ...HANDED, origin: LOG }), fragmentOf({ ...rest, create }),
    fragmentOf({ ...HANDED, port: 80 }), fragmentOf({ ...HANDED, port: 65_536 }), fragmentOf({ ...HANDED, port: '40000' }),
    fragmentOf({ ...HANDED, port: '40000@evil.example' }), fragmentOf({ ...HANDED, token: new Uint8Array(31) }), fragmentOf({ ...HANDED, token: 'x' }),
    fragmentOf({ ...HANDED, body: 'text' }), fragmentOf({ ...HANDED, read }), fragmentOf({ ...HANDED, envelope }), fragmentOf({ ...rest, read, envelope }),
    fragmentOf({ ...rest, body: read }), fragmentOf({ ...rest, read: HANDED.body }), fragmentOf({ ...rest, envelope: HANDED.body }),
    fragmentOf({ ...rest, envelope: unsigned }), fragmentOf({ ...rest, read: 'logs' }), fragmentOf([HANDED]), '#command=', '#command=%00', `#command=${'A'.repeat(70_000)}`, '#command=A',
  ];
  for (const other of others) await assert.rejects(readHandover(other), { name: 'ProvenError' }, other.slice(0, 100));
});

test('what could not take effect is objected to', async () => {
  const { publicKey: owner } = await deriveOwnerKey(SEED);
  const { publicKey: guardian } = await deriveOwnerKey(new Uint8Array(32).fill(1));
  const state = {
    id: APP, name: 'todo', owner, policy: { kind: 'timelock', delay: 60, guardians: [guardian] }, archived: false, changedAt: 0,
    versions: [{ number: 1, packageId: '1'.repeat(64), at: 0, logIndex: 1 }], history: [0, 1],
    pending: { change: { command: 'RollBack', version: 1 }, logIndex: 1, announcedAt: 0, activatesAt: 60_000 },
  };
  const reading = { origin: LOG, state, bodies: [], complete: true };
  const veto = askedBody(bodyOf(VETO));
  assert.equal(objection(veto, reading), undefined);
  assert.match(objection(askedBody(bodyOf(VETO, { origin: 'other/log' })), reading), /network/);
  assert.match(objection(askedBody(bodyOf(VETO, { revision: 1 })), reading), /anew/);
  assert.match(objection(veto, { ...reading, state: null }), /Nobody/);
  assert.match(objection(veto, { ...reading, state: { ...state, archived: true } }), /archived/);
  assert.match(objection(veto, { ...reading, state: { ...state, pending: null } }), /no pending/);
  assert.match(objection(askedBody(bodyOf({ command: 'Deploy', package_id: '2'.repeat(64) })), reading), /pending/);
  const immutable = { ...reading, state: { ...state, pending: null, policy: { kind: 'immutable' } } };
  assert.match(objection(askedBody(bodyOf({ command: 'Deploy', package_id: '2'.repeat(64) })), immutable), /immutable/);
  assert.throws(() => requireSigner(veto, reading, owner), { code: 'NOT_OWNER' });
  requireSigner(veto, reading, guardian);
  const cancel = askedBody(bodyOf({ command: 'CancelUpgrade' }));
  assert.throws(() => requireSigner(cancel, reading, guardian), { code: 'NOT_OWNER' });
  requireSigner(cancel, reading, owner);
  await assert.rejects(sign(veto, SEED, (key) => requireSigner(veto, reading, key)), { code: 'NOT_OWNER' });
});

test('the configuration is read in exactly its form', () => {
  assert.deepEqual(readConfiguration('{"development":true,"relying_party":"localhost"}'), { development: true, relyingParty: 'localhost' });
  for (const other of ['', '[]', 'null', '{}', '{"development":true,"relying_party":"a b"}', '{"development":1,"relying_party":"a"}']) {
    assert.throws(() => readConfiguration(other));
  }
});


test('a transfer says what the policy leaves to the new owner', () => {
  assert.equal(givenAway(undefined), 'Only who holds that key can give it back.');
  assert.equal(givenAway({ kind: 'timelock', delay: 60, guardians: [] }), givenAway(undefined));
  const shared = { kind: 'multisig', threshold: 2, keys: [new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)] };
  assert.match(givenAway(shared), /^2 of 3 key holders together can change it then as before/);
});
