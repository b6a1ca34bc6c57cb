import { Writer } from "../values.js";

const MAX_PAYLOAD = 256 * 1024;

// Encoded here, once: whoever passes the payload on does so without reading it.
function encoded(payload) {
  const writer = new Writer(256, MAX_PAYLOAD);
  writer.value(payload);
  return writer.bytes.slice(0, writer.position);
}

// A misspelt option must not make an event something else than what was meant.
function audienceOf(options) {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) throw new TypeError("publish(name, payload, { to })");
  for (const key of Object.keys(options)) {
    if (key !== "to") throw new TypeError(`publish has no option ${key}`);
  }
  return options.to;
}

export default function create(host) {
  return {
    async publish(name, payload, options) {
      await host.call("events.publish", name, encoded(payload), audienceOf(options));
    },
  };
}
