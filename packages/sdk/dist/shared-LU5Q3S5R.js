// src/readable.ts
var Source = class {
  #value;
  #listeners = /* @__PURE__ */ new Set();
  constructor(value) {
    this.#value = value;
  }
  get value() {
    return this.#value;
  }
  set(value) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) guarded(() => listener(value));
  }
  subscribe(listener) {
    const own = (value) => listener(value);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
};
function guarded(run) {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}

export {
  Source,
  guarded
};
