// The same app behind workerd's dynamic worker loader: code that arrives while the server runs.
const APP = `
  export default {
    fetch() {
      return Response.json({ message: "Hello from the app" });
    },
  };
`;

export default {
  fetch(request, env) {
    const worker = env.LOADER.get("app", () => ({
      compatibilityDate: "2026-11-01",
      mainModule: "app.js",
      modules: { "app.js": APP },
      globalOutbound: null,
    }));
    return worker.getEntrypoint().fetch(request);
  },
};
