// The package's modules, linked as the node resolved them. There is no other source of code: an import that the
// resolution map does not know fails.

import vm from "node:vm";

const { SourceTextModule, SyntheticModule, Script } = vm;
const BUILTIN = "@proven-network/";
const CJS_HEAD = "(function (exports, require, module, __filename, __dirname, process, global) {";
// CommonJS packages ask for this and for nothing else of `process`.
const CJS_PROCESS = Object.freeze({ env: Object.freeze({ NODE_ENV: "production" }) });

export class ModuleLoader {
  #sources; // path → [format, source]
  #links; // path → {specifier: target}
  #builtins; // specifier → exports
  #modules = new Map(); // target → vm module
  #commonJs = new Map(); // path → {exports}

  constructor(sources, links, builtins) {
    this.#sources = new Map(sources.map(([path, format, source]) => [path, [format, source]]));
    this.#links = links;
    this.#builtins = builtins;
  }

  // Evaluate the module at `path` and everything it imports; resolves to its namespace.
  async evaluate(path) {
    const module = this.#linked(path);
    await module.evaluate();
    return module.namespace;
  }

  #linked(target) {
    const module = this.#module(target);
    if (module.status === "unlinked") module.instantiate();
    return module;
  }

  // The vm module of a target, with everything it imports linked to it.
  #module(target) {
    const known = this.#modules.get(target);
    if (known !== undefined) return known;
    const module = this.#create(target);
    this.#modules.set(target, module);
    if (module instanceof SourceTextModule) {
      module.linkRequests(
        module.moduleRequests.map(({ specifier }) => this.#module(this.#resolve(specifier, target))),
      );
    }
    return module;
  }

  #create(target) {
    if (target.startsWith(BUILTIN)) return synthetic(target, this.#builtin(target));
    const [format, source] = this.#source(target);
    if (format === "json") return synthetic(url(target), { default: parseJson(target, source) });
    if (format === "cjs") return synthetic(url(target), commonJsExports(this.#require(target)));
    return parse(target, () =>
      new SourceTextModule(source, {
        identifier: url(target),
        initializeImportMeta: (meta) => {
          meta.url = url(target);
        },
        importModuleDynamically: (specifier) => this.#importDynamically(specifier, target),
      }));
  }

  async #importDynamically(specifier, from) {
    const module = this.#linked(this.#resolve(`${specifier}`, from));
    await module.evaluate();
    return module;
  }

  #source(target) {
    const source = this.#sources.get(target);
    if (source === undefined) throw new TypeError(`there is no module "${target}" in the package`);
    return source;
  }

  #builtin(specifier) {
    const exports = this.#builtins.get(specifier);
    if (exports === undefined) throw new TypeError(`there is no module "${specifier}"`);
    return exports;
  }

  #resolve(specifier, from) {
    const links = this.#links[from];
    if (links !== undefined && Object.hasOwn(links, specifier)) return links[specifier];
    throw new TypeError(`cannot import "${specifier}" from ${from}: it is not part of the package`);
  }

  // A CommonJS module's `module.exports`, after running it the first time.
  #require(path) {
    const known = this.#commonJs.get(path);
    if (known !== undefined) return known.exports;
    const [, source] = this.#source(path);
    const script = parse(path, () =>
      new Script(`${CJS_HEAD}${source}\n})`, {
        filename: url(path),
        columnOffset: -CJS_HEAD.length,
        importModuleDynamically: (specifier) => this.#importDynamically(specifier, path),
      }));
    const run = script.runInThisContext();
    const module = { exports: {} };
    this.#commonJs.set(path, module);
    const require = (specifier) => this.#requireFrom(`${specifier}`, path);
    try {
      run.call(
        module.exports,
        module.exports,
        require,
        module,
        `/${path}`,
        directoryOf(path),
        CJS_PROCESS,
        globalThis,
      );
    } catch (error) {
      this.#commonJs.delete(path);
      throw error;
    }
    return module.exports;
  }

  #requireFrom(specifier, from) {
    const target = this.#resolve(specifier, from);
    if (target.startsWith(BUILTIN)) return this.#builtin(target);
    const [format, source] = this.#source(target);
    if (format === "cjs") return this.#require(target);
    if (format === "json") return parseJson(target, source);
    throw new TypeError(`${from} cannot require("${specifier}"), which is an ES module`);
  }
}

const url = (path) => `file:///${path}`;
const directoryOf = (path) => `/${path.slice(0, Math.max(0, path.lastIndexOf("/")))}`;

const parseJson = (path, source) => parse(path, () => JSON.parse(source));

// A syntax error says which module it is in.
function parse(path, action) {
  try {
    return action();
  } catch (error) {
    throw new SyntaxError(`${path}: ${error.message}`);
  }
}

// What `import` sees of a CommonJS module: its exports by name, and the whole as default.
function commonJsExports(value) {
  const exports = {};
  if ((typeof value === "object" || typeof value === "function") && value !== null) {
    for (const key of Object.keys(value)) if (key !== "default") exports[key] = value[key];
  }
  exports.default = value?.__esModule === true && "default" in value ? value.default : value;
  return exports;
}

function synthetic(identifier, exports) {
  const names = Object.keys(exports);
  return new SyntheticModule(
    names,
    function () {
      for (const name of names) this.setExport(name, exports[name]);
    },
    { identifier },
  );
}
