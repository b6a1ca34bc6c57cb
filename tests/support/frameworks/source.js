// A readable whose changes and listeners are in the hands of a test.
export function source(value) {
  const listeners = new Set();
  return {
    subscribed: 0,
    get listeners() {
      return listeners.size;
    },
    get value() {
      return value;
    },
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener(next);
    },
    subscribe(listener) {
      this.subscribed += 1;
      const own = (next) => listener(next);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}
