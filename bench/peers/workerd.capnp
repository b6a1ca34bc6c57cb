using Workerd = import "/workerd/workerd.capnp";

const plain :Workerd.Config = (
  services = [(name = "main", worker = .plainWorker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const plainWorker :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "workerd_plain.mjs")],
  compatibilityDate = "2026-11-01"
);

const loader :Workerd.Config = (
  services = [(name = "main", worker = .loaderWorker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const loaderWorker :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "workerd_loader.mjs")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "LOADER", workerLoader = (id = "apps"))]
);
