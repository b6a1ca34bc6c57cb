import { run } from "@proven-network/handler";

// Web platform and language features, each of which a naive freeze of the realm would break.

const checks: Record<string, () => unknown> = {
  "AbortSignal.timeout": () =>
    new Promise((r) => AbortSignal.timeout(10).addEventListener("abort", (e) => r("ok"))),
  "AbortController": () => {
    const c = new AbortController();
    let x = 0;
    c.signal.onabort = () => x++;
    c.abort();
    return x;
  },
  "AbortSignal.any": () => {
    const c = new AbortController();
    const s = AbortSignal.any([c.signal]);
    c.abort();
    return s.aborted;
  },
  "EventTarget": () => {
    const e = new EventTarget();
    let x = 0;
    e.addEventListener("a", () => x++);
    e.dispatchEvent(new CustomEvent("a", { detail: 1 }));
    return x;
  },
  "URLPattern": () => new URLPattern({ pathname: "/a/:b" }).exec("https://x/a/c")!.pathname.groups.b,
  "URL": () => {
    const u = new URL("https://x/a?b=1");
    u.searchParams.append("c", "2");
    u.hash = "z";
    return u.href;
  },
  "FormData": async () => {
    const f = new FormData();
    f.set("a", new Blob(["hi"]), "n.txt");
    f.append("b", "c");
    const r = new Response(f);
    const g = await r.formData();
    return (g.get("a") as File).name + g.get("b");
  },
  "Compression": async () => {
    const s = new Blob(["hello".repeat(100)]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(
      new DecompressionStream("gzip"),
    );
    return (await new Response(s).text()).length;
  },
  "TextStreams": async () => {
    const s = new Blob(["héllo"]).stream().pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextEncoderStream(),
    );
    return (await new Response(s).text());
  },
  "subtle": async () => {
    const k = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const s = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, k.privateKey, new Uint8Array(3));
    return await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, k.publicKey, s, new Uint8Array(3));
  },
  "digest": async () => new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(3))).length,
  "aes": async () => {
    const k = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
    return (await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, k, new Uint8Array(3)))
      .byteLength;
  },
  "random": () => crypto.getRandomValues(new Uint8Array(4)).length + crypto.randomUUID().length,
  "structuredClone": () => structuredClone(new Map([[1, new Set([new Date(0)])]])).get(1)!.size,
  "Temporal": () => (globalThis as any).Temporal.Now.plainDateISO().toString().length,
  "Intl": () =>
    new Intl.NumberFormat("de").format(1234.5) +
    new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(new Date(0)) +
    [...new Intl.Segmenter().segment("ab")].length,
  "toLocale": () =>
    (12345).toLocaleString() + new Date(0).toLocaleDateString("en", { timeZone: "Europe/Berlin" }),
  "wasm": async () =>
    (await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).instance !== undefined,
  "streams": async () => {
    const ts = new TransformStream({
      transform(c, k) {
        k.enqueue(c * 2);
      },
    });
    const w = ts.writable.getWriter();
    w.write(1);
    w.close();
    let n = 0;
    for await (const c of ts.readable) n += c;
    return n;
  },
  "tee": async () => {
    const [a, b] = new Blob(["xyz"]).stream().tee();
    return await new Response(a).text() + await new Response(b).text();
  },
  "ReadableStream.from": async () => {
    let s = "";
    for await (const c of (ReadableStream as any).from(["a", "b"])) s += c;
    return s;
  },
  "Request": async () => {
    const r = new Request("https://x/", { method: "POST", body: "abc", headers: { a: "b" } });
    return await r.clone().text() + r.headers.get("a");
  },
  "Response.json": async () =>
    (await Response.json({ a: 1 }).json()).a + (await new Response("x").blob()).size,
  "queueMicrotask": () => new Promise((r) => queueMicrotask(() => r(1))),
  "interval": () =>
    new Promise((r) => {
      let n = 0;
      const i = setInterval(() => {
        if (++n == 3) {
          clearInterval(i);
          r(n);
        }
      }, 1);
    }),
  "performance": () => {
    performance.mark("a");
    performance.measure("m", "a");
    return performance.now() > 0;
  },
  "DOMException": () => {
    try {
      structuredClone(() => 1);
    } catch (e) {
      return (e as Error).name;
    }
  },
  "atob": () => atob(btoa("hi")),
  "WeakRef": () => new WeakRef({}).deref() !== undefined,
  "class ext": () => {
    class E extends Error {
      constructor(m: string) {
        super(m);
        this.name = "E";
      }
    }
    const e = new E("x");
    e.message = "y";
    class A extends Array {}
    const a = new A();
    a.push(1);
    class M extends Map {}
    return e.name + e.message + a.length + new M([[1, 2]]).size + e;
  },
  "override": () => {
    function F(this: any) {}
    F.prototype.toString = function () {
      return "F!";
    };
    const x: any = {};
    x.toString = () => "x!";
    x.constructor = 1;
    x.hasOwnProperty = 2;
    const d = Object.create({});
    d.valueOf = 3;
    return String(new (F as any)()) + x + JSON.stringify(d);
  },
  "bind": () => {
    const f: any = function () {};
    f.call = 1;
    f.toString = () => "q";
    f.name2 = 3;
    return f.toString();
  },
  "Iterator": () => Iterator.from([1, 2, 3]).map((x) => x * 2).toArray().join(),
  "regexp": () => "aXbX".replace(/x/gi, "-") + [..."a1b2".matchAll(/\d/g)].length + "a,b".split(/,/).length,
  "date": () => new Date(0).toISOString() + JSON.stringify({ d: new Date(0) }),
  "gen": () => {
    function* g() {
      yield 1;
    }
    return [...g()].length;
  },
  "proxy": () => new Proxy({}, { get: () => 4 } as any).x as any,
  "disposable": () => {
    const s = new DisposableStack();
    s.defer(() => {});
    s.dispose();
    return s.disposed;
  },
  "console": () => {
    console.log("x %s %d %o", "a", 1, { a: 1 }, new Map([[1, 2]]));
    console.table([1]);
    return 1;
  },
  "stackTraceLimit": () => {
    Error.stackTraceLimit = 1;
    const s = new Error("x").stack;
    Error.stackTraceLimit = 10;
    return s!.split("\n").length;
  },
  "captureStackTrace": () => {
    const x: any = {};
    Error.captureStackTrace(x);
    return x.stack;
  },
};

const deadline = () => new Promise((_, reject) => setTimeout(() => reject(new Error("it hangs")), 2000));

export const tryAll = run(async () => {
  const results: [string, string][] = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      const result = await Promise.race([check(), deadline()]);
      results.push([name, result === undefined || result === false ? `gave ${result}` : "ok"]);
    } catch (error) {
      results.push([name, String((error as Error).stack)]);
    }
  }
  return results;
});
