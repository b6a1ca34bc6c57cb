/**
 * Values as JSON text and back. What JSON has no form for is an object with one key that starts with `$`, the
 * same as `proven call --json` prints.
 */

export const EXTENSIONS: readonly (readonly [string, string])[] = [
  ['{"$bytes": "aGk="}', 'Uint8Array, in base64'],
  ['{"$date": "2026-01-31T12:00:00Z"}', 'Date'],
  ['{"$bigint": "12345678901234567890"}', 'bigint'],
  ['{"$number": "NaN"}', 'NaN, Infinity, -Infinity, -0'],
  ['{"$undefined": true}', 'undefined'],
  ['{"$map": [["key", 1]]}', 'Map'],
  ['{"$set": [1, 2]}', 'Set'],
];

const MAX_SHOWN = 200_000;

/** Parse JSON with the extensions. Throws an `Error` that says where it is wrong. */
export function parse(text: string): unknown {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return revive(plain);
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only?.[0].startsWith('$')) return extended(only[0], only[1]);
  const made: Record<string, unknown> = {};
  for (const [name, each] of entries) {
    Object.defineProperty(made, name, { value: revive(each), enumerable: true, writable: true, configurable: true });
  }
  return made;
}

function extended(name: string, value: unknown): unknown {
  switch (name) {
    case '$bytes':
      return fromBase64(asText(name, value));
    case '$date': {
      const when = new Date(asText(name, value));
      if (Number.isNaN(when.getTime())) throw new Error('$date is a date such as "2026-01-31T12:00:00Z"');
      return when;
    }
    case '$bigint':
      if (!/^-?\d{1,4000}$/.test(asText(name, value))) throw new Error('$bigint is a whole number in quotes');
      return BigInt(value as string);
    case '$number': {
      const found = NUMBERS.get(asText(name, value));
      if (found === undefined) throw new Error('$number is "NaN", "Infinity", "-Infinity" or "-0"');
      return found;
    }
    case '$undefined':
      return undefined;
    case '$map':
      return new Map(asList(name, value).map((pair) => {
        const [key, each, ...rest] = asList(name, pair);
        if (rest.length) throw new Error('$map is a list of [key, value]');
        return [revive(key), revive(each)] as const;
      }));
    case '$set':
      return new Set(asList(name, value).map(revive));
    default:
      throw new Error(`${name} is not one of the extensions`);
  }
}

const NUMBERS = new Map([
  ['NaN', NaN], ['nan', NaN], ['Infinity', Infinity], ['inf', Infinity], ['-Infinity', -Infinity], ['-inf', -Infinity], ['-0', -0],
]);

function asText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${name} holds text`);
  return value;
}

function asList(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} holds a list`);
  return value;
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    throw new Error('$bytes is base64');
  }
}

/** A value as indented text, cut where it is too long to read. */
export function format(value: unknown): string {
  const text = JSON.stringify(plain(value, 0), null, 2) ?? '{ "$undefined": true }';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}\n… ${text.length - MAX_SHOWN} characters more` : text;
}

function plain(value: unknown, depth: number): unknown {
  if (depth > 200) return '…';
  const inner = (each: unknown): unknown => plain(each, depth + 1);
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (value instanceof ArrayBuffer) return { $value: `ArrayBuffer of ${value.byteLength} bytes` };
  if (ArrayBuffer.isView(value)) return { $value: `${value.constructor.name} [${String(value)}]`.slice(0, 2000) };
  if (value instanceof Map) return { $map: [...value].map(([key, each]) => [inner(key), inner(each)]) };
  if (value instanceof Set) return { $set: [...value].map(inner) };
  if (value instanceof RegExp) return { $value: String(value) };
  if (value instanceof Error) return { $error: { name: value.name, message: value.message } };
  if (Array.isArray(value)) return value.map(inner);
  const made: Record<string, unknown> = Object.create(null);
  for (const [name, each] of Object.entries(value)) made[name] = inner(each);
  return made;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, MAX_SHOWN)) text += String.fromCharCode(byte);
  return btoa(text) + (bytes.length > MAX_SHOWN ? '…' : '');
}
