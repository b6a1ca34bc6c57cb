import { publish } from "@proven-network/events";
import { run, runWithOptions } from "@proven-network/handler";

export const tell = run((name: string, payload: unknown, to?: string) => publish(name, payload, { to }));

export const tellThenFail = run(async (name: string, payload: unknown) => {
  await publish(name, payload, { to: "everyone" });
  throw new Error("after it was published");
});

export const tellThenHang = runWithOptions({ timeout: 3000 }, async (name: string, payload: unknown) => {
  await publish(name, payload, { to: "everyone" });
  await new Promise(() => {});
});

/** Publishes as fast as it is let; gives back what was accepted, in the order of the calls. */
export const flood = run(async (name: string, count: number, size: number) => {
  const accepted: number[] = [];
  const text = "x".repeat(size);
  for (let first = 0; first < count; first += 50) {
    const calls = Array.from({ length: Math.min(50, count - first) }, async (_, offset) => {
      await publish(name, [first + offset, text], { to: "everyone" });
      accepted.push(first + offset);
    });
    await Promise.allSettled(calls);
  }
  return accepted;
});
