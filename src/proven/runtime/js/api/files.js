import { bindable, nftForm, transaction } from "./_scope.js";

function statOf([path, isDirectory, size, sha256, modified, contentType]) {
  const stat = { path, isDirectory, size, modified };
  if (sha256 !== undefined) stat.sha256 = sha256;
  if (contentType !== undefined) stat.contentType = contentType;
  return stat;
}

function outgoing(content) {
  if (content instanceof Uint8Array || content instanceof ReadableStream) return content;
  if (typeof content === "string") return new TextEncoder().encode(content);
  throw new TypeError("a file's content is text, a Uint8Array or a ReadableStream of Uint8Array chunks");
}

async function collect(stream) {
  const chunks = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
  }
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

// A small file comes back as bytes, a large one as a stream.
const asBytes = (content) => (content instanceof Uint8Array ? content : collect(content));
const asStream = (content) => (content instanceof Uint8Array ? new Blob([content]).stream() : content);

class Files {
  #host;
  #target;

  constructor(host, target) {
    this.#host = host;
    this.#target = target;
    Object.freeze(this);
  }

  async read(path, options) {
    return await asBytes(await this.#read(path, options));
  }

  async readText(path) {
    return new TextDecoder().decode(await this.read(path));
  }

  async readStream(path, options) {
    return asStream(await this.#read(path, options));
  }

  async write(path, content, options) {
    return statOf(await this.#call("files.write", path, outgoing(content), options?.contentType));
  }

  writeStream(path, options) {
    const { readable, writable } = new TransformStream();
    const written = this.write(path, readable, options);
    written.catch(() => {});
    const writer = writable.getWriter();
    // A failed write stops the reading side, which rejects the writer's; its own error says more.
    const orFailure = (step) => step.catch((error) => written.then(() => Promise.reject(error)));
    return new WritableStream({
      write: (chunk) => orFailure(writer.write(chunk)),
      async close() {
        await orFailure(writer.close());
        await written;
      },
      abort: (reason) => writer.abort(reason),
    });
  }

  async append(path, content) {
    return statOf(await this.#call("files.append", path, outgoing(content)));
  }

  async stat(path) {
    const stat = await this.#call("files.stat", path);
    return stat === undefined ? undefined : statOf(stat);
  }

  async list(directory) {
    const listed = [];
    for (;;) {
      const after = listed.at(-1)?.path.split("/").at(-1);
      const [page, more] = await this.#call("files.list", directory, after);
      for (const stat of page) listed.push(statOf(stat));
      if (!more) return listed;
    }
  }

  remove(path, options) {
    return this.#call("files.remove", path, options?.recursive === true);
  }

  async rename(from, to) {
    await this.#call("files.rename", from, to);
  }

  async mkdir(path) {
    await this.#call("files.mkdir", path);
  }

  transaction(fn) {
    return transaction(this.#host, this.#target, fn);
  }

  #read(path, options) {
    return this.#call("files.read", path, options?.offset, options?.length);
  }

  #call(operation, ...rest) {
    return this.#host.call(operation, this.#target, ...rest);
  }
}

const METHODS = Object.getOwnPropertyNames(Files.prototype).filter((name) => name !== "constructor");

export default function create(host) {
  const bind = (target) => new Files(host, target);
  const scoped = (scope) => () => bindable(bind(scope), scope, bind);
  return {
    getApplicationFiles: scoped("application"),
    getPersonalFiles: scoped("personal"),
    getNftFiles: () => nftForm(METHODS, bind),
  };
}
