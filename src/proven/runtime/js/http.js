// HTTP handlers: what they get, and what their result is as a response.

const NULL_BODY = new Set([204, 205, 304]);
// More than anybody sends. The node would end a process that answers with many more.
const MAX_HEADERS = 1000;

// `wire` is [method, url, path, pathParameters, query pairs, header pairs, body]; the body is bytes, a stream, or
// undefined.
export function requestOf([method, url, path, pathParameters, query, headers, body]) {
  let request;
  return {
    method,
    path,
    pathParameters: dictionary(pathParameters, false),
    queryParameters: dictionary(query, false),
    headers: dictionary(headers, true),
    get body() {
      if (body instanceof ReadableStream) {
        throw new TypeError("this body is too large to be held in memory: read request.body as a stream");
      }
      return body;
    },
    get request() {
      const bodyless = method === "GET" || method === "HEAD" || body === undefined;
      request ??= new Request(url, { method, headers, body: bodyless ? null : body, duplex: "half" });
      return request;
    },
  };
}

// Text by name. Of a parameter given twice the first counts, as in URLSearchParams.get; headers are joined.
function dictionary(pairs, join) {
  const result = Object.create(null);
  for (const [name, value] of pairs) {
    if (!(name in result)) result[name] = value;
    else if (join) result[name] += name === "cookie" ? `; ${value}` : `, ${value}`;
  }
  return result;
}

// [status, header pairs, body], where the body is bytes, a stream, or undefined.
export function responseOf(result) {
  if (result instanceof Response) return fromResponse(result);
  if (result === undefined) return [204, [], undefined];
  if (result instanceof Uint8Array || result instanceof ReadableStream) {
    return [200, [["content-type", "application/octet-stream"]], result];
  }
  const text = JSON.stringify(result);
  if (text === undefined) throw new TypeError(`a ${typeof result} has no JSON form`);
  return [200, [["content-type", "application/json"]], textEncoder.encode(text)];
}

const textEncoder = new TextEncoder();
const internal = (name) =>
  Object.getOwnPropertySymbols(new Response("")).find((key) => key.description === name);
const LAZY_BODY = internal("lazy static body");
const INNER = internal("response");

function fromResponse(response) {
  if (response.type === "error") throw new TypeError("Response.error() cannot be sent");
  if (response.bodyUsed) throw new TypeError("the body of the Response has been used already");
  const bytes = bodyAtHand(response);
  const { status } = response;
  const headers = [...response.headers];
  if (headers.length > MAX_HEADERS) throw new TypeError(`a response has at most ${MAX_HEADERS} headers`);
  if (bytes !== undefined) return [status, headers, bytes];
  const { body } = response;
  return [status, headers, body === null || NULL_BODY.has(status) ? undefined : body];
}

// The body's bytes, if it was made of text or bytes: far cheaper than a stream of one chunk. This looks where Deno
// keeps them; if a version keeps them elsewhere, the body streams.
function bodyAtHand(response) {
  const lazy = response[LAZY_BODY];
  if (typeof lazy === "string") return textEncoder.encode(lazy);
  const body = response[INNER]?.body?.streamOrStatic;
  if (body?.consumed !== false) return undefined;
  if (typeof body.body === "string") return textEncoder.encode(body.body);
  return body.body instanceof Uint8Array ? body.body : undefined;
}
