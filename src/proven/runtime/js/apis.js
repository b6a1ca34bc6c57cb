// The modules that apps import as `@proven-network/<name>`, and the globals that need the node.

import createCrypto from "./api/crypto.js";
import createEvents from "./api/events.js";
import createFetch from "./api/fetch.js";
import createFiles from "./api/files.js";
import createHandler from "./api/handler.js";
import createKv from "./api/kv.js";
import createRpc from "./api/rpc.js";
import createSession from "./api/session.js";
import createSql from "./api/sql.js";

export const modules = Object.freeze({
  crypto: createCrypto,
  events: createEvents,
  files: createFiles,
  handler: createHandler,
  kv: createKv,
  rpc: createRpc,
  session: createSession,
  sql: createSql,
});

export const globals = (host) => createFetch(host);
