import { run } from "@proven-network/handler";

// What zod, immer, core-js helpers and class transpilers do at load time.

const util: any = {};
(function (util: any) {
  util.assertEqual = (v: unknown) => v;
})(util);
class ZodError extends Error {
  issues: unknown[];
  constructor(issues: unknown[]) {
    super();
    const actualProto = new.target.prototype;
    if (Object.setPrototypeOf) Object.setPrototypeOf(this, actualProto);
    this.name = "ZodError";
    this.issues = issues;
  }
  get message() {
    return JSON.stringify(this.issues);
  }
  toString() {
    return this.message;
  }
}
function Legacy(this: any) {
  Error.call(this);
  (Error as any).captureStackTrace?.(this, Legacy);
}
Legacy.prototype = Object.create(Error.prototype);
Legacy.prototype.constructor = Legacy;
Legacy.prototype.name = "Legacy";
Legacy.prototype.toString = function () {
  return "legacy!";
};
const bag: any = {};
bag.toString = () => "bag";
bag.valueOf = () => 1;
bag.constructor = Legacy;
bag.hasOwnProperty = () => true;
const list: any = [];
list.concat = () => "mine";
list.toString = () => "list";
function extend(d: any, b: any) {
  function __(this: any) {
    this.constructor = d;
  }
  d.prototype = (__.prototype = b.prototype, new (__ as any)());
}
function Base() {}
function Derived() {}
extend(Derived, Base);
const promise: any = Promise.resolve();
promise.constructor = undefined;
const fn: any = function () {};
fn.toString = () => "fn";
fn.bind = 1;
const registry = ((globalThis as any).__registry ??= new Map());
const id = Symbol.for("x");
(globalThis as any)[id] = 1;
export const all = run(() => [
  String(new ZodError([1])),
  new ZodError([]) instanceof Error,
  String(new (Legacy as any)()),
  `${bag}`,
  list.concat(),
  new (Derived as any)().constructor === Derived,
  fn.bind,
  registry.size,
  typeof process,
]);
