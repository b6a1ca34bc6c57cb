// The guest's `fetch`. The node makes the request; here it only takes on the shape of the web platform.

const NULL_BODY = new Set([101, 103, 204, 205, 304]);

// Text and bytes go along with the request; only what is already a stream is sent as one.
async function bodyOf(request, input, init) {
  if (request.body === null) return undefined;
  const given = init?.body ?? (input instanceof Request ? request.body : undefined);
  return given instanceof ReadableStream ? request.body : new Uint8Array(await request.arrayBuffer());
}

function failure(error) {
  const wrapped = new TypeError(`fetch failed: ${error.message}`, { cause: error });
  wrapped.code = error.code;
  return wrapped;
}

// The same stream, failing with the signal's reason as soon as it is aborted.
function abortable(stream, signal) {
  const reader = stream.getReader();
  return new ReadableStream({
    start(controller) {
      const stop = () => {
        controller.error(signal.reason);
        reader.cancel(signal.reason).catch(() => {});
      };
      signal.addEventListener("abort", stop, { once: true });
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

export default function create(host) {
  let last = 0;

  async function fetch(input, init) {
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    const body = await bodyOf(request, input, init);
    const number = ++last;
    const onAbort = () => host.call("fetch.abort", number).catch(() => {});
    signal.addEventListener("abort", onAbort, { once: true });
    let answer;
    try {
      answer = await host.call(
        "fetch.request",
        number,
        request.method,
        request.url,
        [...request.headers],
        body,
        request.redirect,
      );
    } catch (error) {
      throw signal.aborted ? signal.reason : failure(error);
    }
    const [status, statusText, url, redirected, headers, stream] = answer;
    const empty = NULL_BODY.has(status) || request.method === "HEAD";
    if (empty) await stream.cancel();
    const response = new Response(empty ? null : abortable(stream, signal), { status, statusText, headers });
    return Object.defineProperties(response, {
      url: { value: url, configurable: true },
      redirected: { value: redirected, configurable: true },
    });
  }

  return { fetch };
}
