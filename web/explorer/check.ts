/** Checks one version in the reader's browser: evidence, log, entry, package, sources. It says what each step found. */

import { verifyEvidence } from '../../packages/sdk/src/attestation/verifier.ts';
import { type Bytes, equal, fromHex, toHex, utf8 } from '../../packages/sdk/src/bytes.ts';
import { decode, encode, type Item } from '../../packages/sdk/src/cbor.ts';
import { checkInclusion, readCheckpoint, readLogKey, type Checkpoint } from './log.ts';

interface NamedFile {
  path: string;
  sha256: string;
  size: number;
}

/** The files that a manifest names: modules, and what comes with the front end. */
interface Named {
  modules: NamedFile[];
  assets: NamedFile[];
}

interface Listed {
  rows: { items: { text: string }[]; pages: number };
}

const MAX_RESPONSE = 40 * 1024 * 1024;
const AT_ONCE = 6;
/** Own modules of which the pages are compared with the files, not only the files with the package. */
const MAX_PAGES_READ = 100;

const place = document.getElementById('check')!;
const { application, package: packageId, node, sources } = place.dataset as Record<string, string>;
const entryIndex = Number(place.dataset['entry']);
const announcedIndex = Number(place.dataset['announced']);

class Unchecked extends Error {}

/** Shows a step while it runs, and then what came of it. Steps after one that failed are still made. */
async function step<T>(title: string, run: (progress: (text: string) => void) => Promise<[string, T]>): Promise<T | undefined> {
  const item = document.createElement('li');
  const result = document.createElement('span');
  result.className = 'result dim';
  result.textContent = 'checking …';
  item.append(`${title} `, result);
  document.getElementById('steps')!.append(item);
  try {
    const [said, value] = await run((text) => {
      result.textContent = text;
    });
    result.className = 'result good';
    result.textContent = `✓ ${said}`;
    item.dataset['outcome'] = 'holds';
    return value;
  } catch (error) {
    const unchecked = error instanceof Unchecked;
    result.className = unchecked ? 'result dim' : 'result bad';
    result.textContent = `${unchecked ? '–' : '✗'} ${error instanceof Error ? error.message : error}`;
    item.dataset['outcome'] = unchecked ? 'unchecked' : 'fails';
    return undefined;
  }
}

async function get(path: string): Promise<Bytes> {
  const response = await fetch(`${node}${path}`, { credentials: 'omit', redirect: 'error' });
  if (!response.ok) throw new Error(`${path.split('?')[0]} answers ${response.status}`);
  const body = new Uint8Array(await response.arrayBuffer());
  if (body.length > MAX_RESPONSE) throw new Error('an answer is larger than anything here can be');
  return body;
}

async function getJson(path: string): Promise<any> {
  return JSON.parse(new TextDecoder().decode(await get(path)));
}

const sha256 = async (data: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', data));

function map(item: Item | undefined): Map<number | string, Item> {
  if (!(item instanceof Map)) throw new Error('it is not what such bytes hold');
  return item;
}

async function logKey(): Promise<[string, { name: string; key: CryptoKey; publicKey: Bytes }]> {
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const asked = btoa(String.fromCharCode(...nonce)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  const answer = map(decode(await get(`/.well-known/proven/log/key?nonce=${asked}`), { maxBytes: 32 * 1024, maxDepth: 1 }));
  const text = answer.get('key');
  const document = answer.get('evidence');
  if (typeof text !== 'string' || !(document instanceof Uint8Array)) throw new Error('the node does not name its key');
  const read = await readLogKey(text);
  const userData = await sha256(encode(['proven/log-key/v1', text]));
  const policy = { development: true, unsafeAnyMeasurements: true };
  const evidence = await verifyEvidence(document, { nonce, publicKey: read.publicKey, userData }, policy);
  const platform = evidence.platform === 'development'
    ? 'development evidence, which has the right form and proves nothing about hardware'
    : `hardware evidence; PCR0 is ${toHex(evidence.pcrs.get(0)!)}, which you have to know to be good`;
  return [`${read.name}, vouched for by ${platform}`, read];
}

async function entryBytes(index: number): Promise<Bytes> {
  const { raw } = await getJson(`/explorer/log/${index}.json`);
  if (typeof raw !== 'string') throw new Error('the entry is not shown');
  return fromHex(raw);
}

async function inLog(index: number, leaf: Bytes, checkpoint: Checkpoint): Promise<void> {
  const { hashes } = await getJson(`/.well-known/proven/log/inclusion?index=${index}&size=${checkpoint.size}`);
  const proof = (hashes as string[]).map((each) => Uint8Array.from(atob(each), (character) => character.charCodeAt(0)));
  await checkInclusion(leaf, index, checkpoint, proof);
}

/** What a leaf asks for, if its signatures are good; null for what a node appended by rule. */
async function commandOf(leaf: Bytes): Promise<Map<number | string, Item> | null> {
  const entry = decode(leaf, { maxBytes: 65535, maxDepth: 1 });
  if (!Array.isArray(entry) || entry[0] !== 'proven/log-entry/v1') throw new Error('it is no entry of such a log');
  if (entry[2] === 'activated' && entry[3] === application) return null;
  if (entry[2] !== 'command' || !(entry[3] instanceof Uint8Array)) throw new Error('it makes no version live');
  const envelope = map(decode(entry[3], { maxBytes: 32 * 1024, maxDepth: 3 }));
  const body = envelope.get('body');
  const signatures = envelope.get('signatures');
  if (!(body instanceof Uint8Array) || !Array.isArray(signatures)) throw new Error('it is no signed command');
  for (const each of signatures) {
    if (!Array.isArray(each)) throw new Error('it is no signed command');
    const [publicKey, signature] = each as [Bytes, Bytes];
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    if (!await crypto.subtle.verify('Ed25519', key, signature, body)) throw new Error(`the signature of ${toHex(publicKey)} is wrong`);
  }
  const said = decode(body, { maxBytes: 32 * 1024, maxDepth: 6 });
  if (!Array.isArray(said) || said[0] !== 'proven/application-command/v1') throw new Error('it is no command to an application');
  if (said[2] !== application) throw new Error(`it is about ${said[2]}, another application`);
  return map(said[4]);
}

/** What the log says of an entry that makes a version live: the command that a person signed for it. */
async function commandBehind(live: number, announced: number, checkpoint: Checkpoint): Promise<Map<number | string, Item> | null> {
  const leaf = await entryBytes(live);
  await inLog(live, leaf, checkpoint);
  const command = await commandOf(leaf);
  if (command !== null) return command;
  const before = await entryBytes(announced);
  await inLog(announced, before, checkpoint);
  return commandOf(before);
}

/** That the version which this one returns to, as the node numbers them, was deployed with this package. */
async function checkReturn(to: number, checkpoint: Checkpoint): Promise<[string, null]> {
  for (let number = to, below = Infinity; number < below;) {
    const { version } = await getJson(`/explorer/applications/${application}/versions/${number}.json`);
    const command = await commandBehind(Number(version.log_index), Number(version.announced_index), checkpoint);
    const kind = command?.get('command');
    if (kind === 'Deploy' && command!.get('package_id') === packageId) {
      return [`entry ${entryIndex} is in the log and returns to version ${to}, which entry ${version.log_index} made live with this package; their signatures are good (whether those keys may do so, and how versions are numbered, is not checked here)`, null];
    }
    if (kind !== 'RollBack') break;
    below = number;
    number = Number(command!.get('version'));
  }
  throw new Error(`entry ${entryIndex} returns to version ${to}, and that was not deployed with this package`);
}

/** One sentence about all steps. */
function verdict(): void {
  const outcomes = [...document.querySelectorAll<HTMLElement>('#steps > li')].map((each) => each.dataset['outcome']);
  const failed = outcomes.filter((each) => each === 'fails').length;
  const open = outcomes.filter((each) => each === 'unchecked').length;
  const said = document.getElementById('verdict')!;
  said.className = failed ? 'bad' : open ? '' : 'good';
  const rest = open ? `, and ${open} could not be checked` : '';
  said.textContent = failed ? `${failed} of ${outcomes.length} steps fail${failed === 1 ? 's' : ''}${rest}.`
    : open ? `${open} of ${outcomes.length} steps could not be checked; the others hold.`
    : `All ${outcomes.length} steps hold.`;
}

async function checkEntry(checkpoint: Checkpoint): Promise<[string, null]> {
  const command = await commandBehind(entryIndex, announcedIndex, checkpoint);
  const kind = command?.get('command');
  if (kind === 'RollBack') return checkReturn(Number(command!.get('version')), checkpoint);
  if (kind !== 'Deploy' || command!.get('package_id') !== packageId) throw new Error(`entry ${entryIndex} does not deploy this package`);
  const by = announcedIndex === entryIndex ? '' : `, which entry ${announcedIndex} announced`;
  return [`entry ${entryIndex} is in the log and makes this package live${by}; its signatures are good (whether those keys may do so is not checked here)`, null];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

async function manifest(): Promise<[string, Named]> {
  const bytes = await get(`${sources}/manifest`);
  const found = toHex(await sha256(bytes));
  if (found !== packageId) throw new Error(`the manifest has the SHA-256 ${found}, not ${packageId}`);
  const { modules, assets = [] } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Named> & Pick<Named, 'modules'>;
  const named = `it names ${count(modules.length, 'source file')} and ${count(assets.length, 'front-end file')}`;
  return [`the SHA-256 of the manifest is the package id; ${named}`, { modules, assets }];
}

async function checkFiles({ modules, assets }: Named, progress: (text: string) => void): Promise<[string, null]> {
  let done = 0;
  let compared = 0;
  const own = new Set(modules);
  const waiting = [...modules, ...assets];
  const total = waiting.length;
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const path = encodeURIComponent(next.path);
      const content = await get(`${sources}/raw?${own.has(next) ? 'path' : 'asset'}=${path}`);
      if (content.length !== next.size || toHex(await sha256(content)) !== next.sha256) {
        throw new Error(`${next.path} is not the file that the manifest names`);
      }
      if (own.has(next) && !next.path.startsWith('npm/') && compared < MAX_PAGES_READ) {
        compared++;
        await comparePages(`path=${path}`, next.path, content);
      }
      progress(`${++done} of ${total} files`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const pages = `the source pages of ${compared} of them show what is in the files`;
  return [`${count(done, 'file')} with the hashes in the manifest, none left out; ${pages}`, null];
}

/** That the rows shown are the file's text: all of it, but for the ends of lines. */
async function comparePages(address: string, path: string, content: Bytes): Promise<void> {
  let text = '';
  for (let page = 1, pages = 1; page <= pages; page++) {
    const shown = await getJson(`${sources}/source.json?${address}&page=${page}`) as Listed;
    pages = shown.rows.pages;
    text += shown.rows.items.map((row) => row.text).join('');
  }
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(content).replace(/\r?\n/g, '');
  if (!equal(utf8(text), utf8(whole))) throw new Error(`the page of ${path} does not show what is in the file`);
}

document.getElementById('idle')!.remove();
const key = await step('The key of the log.', logKey);
const checkpoint = await step('The checkpoint.', async (): Promise<[string, Checkpoint]> => {
  if (key === undefined) throw new Unchecked('there is no key to check it by');
  const read = await readCheckpoint(await get('/.well-known/proven/log/checkpoint'), key);
  return [`signed by that key, for ${read.size} entries`, read];
});
await step('The entry.', async () => {
  if (checkpoint === undefined) throw new Unchecked('there is no checkpoint to check it by');
  return checkEntry(checkpoint);
});
const named = await step('The package.', manifest);
await step('The files.', async (progress) => {
  if (named === undefined) throw new Unchecked('there is no manifest to check them by');
  return checkFiles(named, progress);
});
verdict();
place.dataset['done'] = 'true';
