import { run, runOnHttp, runWithOptions } from "@proven-network/handler";
import { getCurrentAccounts, getCurrentIdentity } from "@proven-network/session";
export const add = run((a: number, b: number) => a + b);
export const later = run((ms: number, value: unknown) =>
  new Promise((resolve) => setTimeout(() => resolve(value), ms))
);
export const nothing = run(() => {});
export const who = run(() => [getCurrentIdentity(), getCurrentAccounts()]);
export const whoLater = run(async (ms: number) => {
  const first = getCurrentIdentity();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return [first, getCurrentIdentity()];
});
export const fail = run(function outer() {
  inner();
});
function inner() {
  throw Object.assign(new RangeError("out of range"), { code: "E_RANGE" });
}
export const log = run((line: unknown) => console.log("said %s", line, { a: [1, 2] }));
export const slow = runWithOptions({ timeout: 150 }, () => new Promise(() => {}));
export const page = runOnHttp({ path: "/" }, () => "page");
let count = 0;
export const counter = run(() => ++count);
export const throughOther = run(() => add(2, 3));
export default run(() => "the default");
