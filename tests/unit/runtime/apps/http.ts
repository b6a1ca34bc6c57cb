import { run, runOnHttp } from "@proven-network/handler";
import { getApplicationStore } from "@proven-network/kv";
import { getApplicationFiles } from "@proven-network/files";

const store = getApplicationStore("files");
const hash = async (bytes: Uint8Array<ArrayBuffer>) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) =>
    b.toString(16).padStart(2, "0")
  ).join("");

export const reflect = runOnHttp({ path: "/a/:id" }, async (r) => ({
  method: r.method,
  path: r.path,
  pathParameters: r.pathParameters,
  queryParameters: r.queryParameters,
  headers: r.headers,
  body: new TextDecoder().decode(r.body),
  request: [r.request.method, r.request.url, r.request.headers.get("accept"), await r.request.text()],
}));
export const json = runOnHttp({ path: "/json" }, () => ({ a: [1, null] }));
export const text = runOnHttp({ path: "/text" }, () => Promise.resolve("just text"));
export const nothing = runOnHttp({ path: "/nothing" }, () => undefined);
export const bytes = runOnHttp({ path: "/bytes" }, () => new Uint8Array([1, 2]));
export const response = runOnHttp(
  { path: "/response" },
  () => new Response("short and stout", { status: 418, headers: { "X-A": "1" } }),
);
export const jsonResponse = runOnHttp({ path: "/jr" }, async () => Response.json({ b: 2 }, { status: 201 }));
export const emptyResponse = runOnHttp({ path: "/er" }, () => new Response(null, { status: 204 }));
export const redirect = runOnHttp({ path: "/r" }, () => Response.redirect("https://app.example/there"));
export const blob = runOnHttp({ path: "/blob" }, () => new Response(new Blob(["blob"], { type: "image/x" })));
export const rebuilt = runOnHttp({ path: "/rebuilt" }, () => {
  const inner = new Response("inner");
  return new Response(inner.body, inner);
});
export const cookies = runOnHttp({ path: "/cookies" }, () => {
  const headers = new Headers();
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  return new Response("", { headers });
});
export const through = runOnHttp({ path: "/through", method: "POST" }, (r) => new Response(r.request.body));
export const whole = runOnHttp({ path: "/whole", method: "POST" }, (r) => r.body!.length);

let produced = 0;
export const endless = runOnHttp({ path: "/endless" }, () =>
  new Response(
    new ReadableStream({
      pull(controller) {
        produced += 16_384;
        controller.enqueue(new Uint8Array(16_384));
      },
    }),
  ));
export const howMuch = run(() => produced);
export const ignore = runOnHttp({ path: "/ignore", method: "POST" }, () => "ignored");
export const count = runOnHttp({ path: "/count", method: "POST" }, async (r) => {
  try {
    return (await r.request.arrayBuffer()).byteLength;
  } catch (error) {
    return (error as Error).message;
  }
});
export const breaks = runOnHttp({ path: "/breaks" }, () => {
  let sent = false;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (sent) throw new Error("half way");
        sent = true;
        controller.enqueue(new Uint8Array(10));
      },
    }),
  );
});
export const numbers = runOnHttp(
  { path: "/numbers" },
  () => new ReadableStream({ pull: (controller) => controller.enqueue(1) }),
);
export const stalls = runOnHttp(
  { path: "/stalls", timeout: 200 },
  () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(1)),
        pull: () => new Promise(() => {}),
      }),
    ),
);
export const used = runOnHttp({ path: "/used" }, async () => {
  const response = new Response("x");
  await response.text();
  return response;
});
export const errorResponse = runOnHttp({ path: "/error" }, () => Response.error());
export const countless = runOnHttp({ path: "/countless" }, () => {
  const headers = Array.from({ length: 2_000 }, (_, number): [string, string] => [`x-${number}`, ""]);
  return new Response("", { headers });
});
export const function_ = runOnHttp({ path: "/function" }, () => () => 1);
export const bigint = runOnHttp({ path: "/bigint" }, () => ({ a: 1n }));

export const download = run(async () => {
  const { size, body } = (await store.get("file")) as unknown as { size: number; body: ReadableStream };
  return [size, await hash(await new Response(body).bytes())];
});
export const peek = run(async () => {
  const { body } = (await store.get("file")) as unknown as { body: ReadableStream<Uint8Array> };
  const { value } = await body.getReader().read();
  return value!.length;
});
export const upload = run((size: number) => {
  let left = size;
  const stream = new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(left, 50_000)).fill(120);
      left -= chunk.length;
      if (chunk.length > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return getApplicationFiles().write("/upload", stream);
});
