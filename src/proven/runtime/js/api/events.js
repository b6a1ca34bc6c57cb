export default function create(host) {
  return {
    async publish(name, payload) {
      await host.call("events.publish", name, payload);
    },
  };
}
