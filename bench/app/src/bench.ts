import { publish } from "@proven-network/events";
import { run, runOnHttp } from "@proven-network/handler";
import { getApplicationStore } from "@proven-network/kv";

const store = getApplicationStore("bench");

export const echo = run((...values: unknown[]) => values);
export const read = run(() => store.get("greeting"));
export const write = run((text: string) => store.set("greeting", text));
export const announce = run((number: number) => publish("bench", number, { to: "everyone" }));
export const hello = runOnHttp({ path: "/hello", method: "GET" }, () => ({ message: "Hello from the app" }));
