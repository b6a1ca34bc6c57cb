// `@proven-network/handler`: what makes a function callable from outside.

const KINDS = {
  run: "rpc",
  runWithOptions: "rpc",
  runOnHttp: "http",
  runOnSchedule: "schedule",
  runOnEvent: "event",
  runOnProvenEvent: "event",
  runOnRadixEvent: "radix_event",
  runOnEthereumEvent: "ethereum_event",
  runOnBitcoinEvent: "bitcoin_event",
  runOnHealthCheck: "health_check",
};

export default function create(host) {
  const exports = {
    run: (fn) => host.registerHandler("rpc", {}, fn),
  };
  for (const [name, kind] of Object.entries(KINDS)) {
    exports[name] ??= (options, fn) => {
      if (typeof options !== "object" || options === null) {
        throw new TypeError(`${name}(options, fn): options come first`);
      }
      return host.registerHandler(kind, options, fn);
    };
  }
  return exports;
}
