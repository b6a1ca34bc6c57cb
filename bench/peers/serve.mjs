// The same HTTP answer from Deno's own server, in the process that runs the handler.
const port = Number(Deno.args[0]);
Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => Response.json({ message: "Hello from the app" }));
