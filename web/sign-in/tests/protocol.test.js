import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfiguration } from '../configuration.ts';
import { deviceName } from '../names.ts';
import { allows, isPattern } from '../origins.ts';
import { isHello, readRequest } from '../protocol.ts';

const APPLICATION = 'a'.repeat(32);
const HELLO = { proven: 'sign-in', version: 1, application: APPLICATION };
const CONFIGURATION = {
  application: { id: APPLICATION, name: 'todo' },
  origins: ['https://todo.example', 'http://localhost:*'],
  relying_party: 'localhost',
  development: true,
};

test('the one hello is accepted, and nothing near it', () => {
  assert.ok(isHello(HELLO, APPLICATION));
  const others = [
    null, undefined, 1, 'hello', [], [HELLO], new Map(Object.entries(HELLO)), { ...HELLO, more: 1 }, { ...HELLO, version: '1' },
    { ...HELLO, version: 2 }, { ...HELLO, proven: 'Sign-in' }, { ...HELLO, application: 'b'.repeat(32) }, { proven: 'sign-in', version: 1 },
    Object.create(HELLO), Object.assign(new (class Hello {})(), HELLO),
  ];
  for (const other of others) assert.equal(isHello(other, APPLICATION), false);
});

test('requests are read in exactly their form', () => {
  const transcript = new Uint8Array(32).fill(7);
  assert.deepEqual(readRequest({ id: 1, type: 'identify', transcript }), { id: 1, type: 'identify', transcript });
  assert.deepEqual(readRequest({ id: 2, type: 'manage', transcript }), { id: 2, type: 'manage', transcript });
  assert.deepEqual(readRequest({ id: 3, type: 'cancel' }), { id: 3, type: 'cancel' });
  const others = [
    null, 'cancel', [], { id: 1 }, { type: 'cancel' }, { id: 1, type: 'cancel', transcript }, { id: 1, type: 'identify' },
    { id: 1, type: 'identify', transcript, extra: 0 }, { id: 1, type: 'identify', transcript: new Uint8Array(31) },
    { id: 1, type: 'identify', transcript: new Uint8Array(33) }, { id: 1, type: 'identify', transcript: new ArrayBuffer(32) },
    { id: 1, type: 'identify', transcript: new Int8Array(32) }, { id: 1, type: 'identify', transcript: Array(32).fill(0) },
    { id: 1, type: 'constructor', transcript }, { id: 1, type: ['identify'], transcript },
    ...[0, -1, 1.5, NaN, Infinity, 2 ** 53, '1', 1n, null].map((id) => ({ id, type: 'cancel' })),
  ];
  for (const other of others) assert.equal(readRequest(other), undefined);
});

test('a transcript is copied out of the memory that it came in', () => {
  const memory = new Uint8Array(1000);
  const { transcript } = readRequest({ id: 1, type: 'identify', transcript: memory.subarray(100, 132) });
  assert.equal(transcript.buffer.byteLength, 32);
  memory.fill(1);
  assert.deepEqual(transcript, new Uint8Array(32));
});

test('origins are matched whole: scheme, host, port', () => {
  const patterns = ['https://todo.example', 'http://localhost:*', 'http://*.localhost:*', 'https://ports.example:8443'];
  for (const pattern of patterns) assert.ok(isPattern(pattern));
  const allowed = [
    'https://todo.example', 'http://localhost', 'http://localhost:3000', 'http://todo.localhost:1', 'http://a.b.localhost',
    'https://ports.example:8443',
  ];
  for (const origin of allowed) assert.ok(allows(patterns, origin, '8080'), origin);
  const denied = [
    'null', '', 'http://todo.example', 'https://todo.example:8443', 'https://todo.example.evil', 'https://evil-todo.example',
    'https://sub.todo.example', 'https://localhost', 'http://notlocalhost', 'http://.localhost', 'http://localhost.evil:3000',
    'http://localhost:3000/', 'http://localhost:3000@evil', 'HTTPS://TODO.EXAMPLE', 'https://ports.example', `https://${'a'.repeat(300)}`,
    'https://todoxexample', 'file://', 'https://*',
  ];
  for (const origin of denied) assert.equal(allows(patterns, origin, '8080'), false, origin);
});

test('at the node’s own port no pattern stands for the hosts of applications', () => {
  const patterns = ['http://todo.localhost:8080', 'http://localhost:*', 'http://*.localhost:*'];
  for (const origin of ['http://todo.localhost:8080', 'http://localhost:8080', 'http://other.localhost:5173']) {
    assert.ok(allows(patterns, origin, '8080'), origin);
  }
  for (const origin of ['http://other.localhost:8080', 'http://a.todo.localhost:8080']) {
    assert.equal(allows(patterns, origin, '8080'), false, origin);
  }
  assert.equal(allows(patterns, 'http://other.localhost', ''), false);
});

test('the configuration is read in exactly its form', () => {
  const read = readConfiguration(JSON.stringify(CONFIGURATION));
  assert.deepEqual(read.application, CONFIGURATION.application);
  assert.equal(read.relyingParty, 'localhost');
  const others = [
    {}, { ...CONFIGURATION, more: 1 }, { ...CONFIGURATION, development: 'true' }, { ...CONFIGURATION, relying_party: 'https://x' },
    { ...CONFIGURATION, origins: ['*'] }, { ...CONFIGURATION, origins: ['https://x/path'] }, { ...CONFIGURATION, origins: 'https://x' },
    { ...CONFIGURATION, application: { id: 'todo', name: 'todo' } }, { ...CONFIGURATION, application: { id: APPLICATION } },
  ];
  for (const other of others) assert.throws(() => readConfiguration(JSON.stringify(other)), TypeError);
  assert.throws(() => readConfiguration(''), SyntaxError);
});

test('a passkey is called after its browser and platform', () => {
  const brands = [{ brand: 'Not?A_Brand' }, { brand: 'Chromium' }, { brand: 'Example Browser' }];
  assert.equal(deviceName({ userAgentData: { platform: 'Linux', brands }, userAgent: '' }), 'Example Browser on Linux');
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  assert.equal(deviceName({ userAgent: firefox }), 'Firefox on Linux');
  assert.equal(deviceName({ userAgent: '' }), 'Browser');
});
