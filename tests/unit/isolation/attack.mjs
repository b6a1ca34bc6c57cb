// What code would try that has got out of the engine's own checks: it runs with every permission (`deno -A`).
// Prints one JSON line per attempt: [name, outcome]. An attempt that works prints "ALLOWED".

const results = [];
async function attempt(name, action) {
  let outcome;
  try {
    outcome = `ALLOWED ${JSON.stringify(await action()) ?? ""}`;
  } catch (error) {
    outcome = `${error?.name}: ${String(error?.message).split("\n")[0]}`;
  }
  results.push([name, outcome]);
}

const outside = Deno.args[0]; // a file outside of the sandbox, readable by everyone
const parent = Number(Deno.args[1]); // a process outside of it

await attempt("read /etc/passwd", () => Deno.readTextFileSync("/etc/passwd").length);
await attempt("read a file by absolute path", () => Deno.readTextFileSync(outside).length);
await attempt("list /", () => [...Deno.readDirSync("/")].length);
await attempt("list /proc", () => [...Deno.readDirSync("/proc")].length);
await attempt("list /tmp", () => [...Deno.readDirSync("/tmp")].length);
await attempt("write /tmp", () => Deno.writeTextFileSync("/tmp/escaped", "1"));
await attempt("write next to the program", () => Deno.writeTextFileSync("/__test__/escaped", "1"));
await attempt("write into /dev", () => Deno.writeTextFileSync("/dev/escaped", "1"));
await attempt("overwrite the engine", () => Deno.writeTextFileSync("/deno", "1"));
await attempt("remove the program", () => Deno.removeSync("/__test__/attack.mjs"));
await attempt("make a directory", () => Deno.mkdirSync("/dev/shm/x", { recursive: true }));
await attempt("make a link", () => Deno.symlinkSync("/etc/passwd", "/tmp/link"));
await attempt("change to /", () => Deno.readTextFileSync("/__test__/../../../../etc/shadow").length);
await attempt("run ls", () => new Deno.Command("/bin/ls").outputSync().code);
await attempt(
  "run the engine again",
  () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync().code,
);
await attempt("run a shell", () => new Deno.Command("/bin/sh", { args: ["-c", "id"] }).outputSync().code);
await attempt("connect to loopback", () => Deno.connect({ hostname: "127.0.0.1", port: 22 }).then(() => 1));
await attempt(
  "connect to the metadata service",
  () => Deno.connect({ hostname: "169.254.169.254", port: 80 }).then(() => 1),
);
await attempt("connect over IPv6", () => Deno.connect({ hostname: "::1", port: 22 }).then(() => 1));
await attempt("listen", () => Deno.listen({ port: 0 }).addr);
await attempt("listen on a unix socket", () => Deno.listen({ transport: "unix", path: "/tmp/s" }).addr);
await attempt(
  "send a datagram",
  () => Deno.listenDatagram({ transport: "udp", port: 0, hostname: "0.0.0.0" }).addr,
);
await attempt(
  "connect to a unix socket",
  () => Deno.connect({ transport: "unix", path: "/run/docker.sock" }).then(() => 1),
);
await attempt("resolve a name", () => Deno.resolveDns("example.com", "A"));
await attempt("fetch", () => fetch("http://127.0.0.1:1/").then((r) => r.status));
await attempt("signal the parent", () => Deno.kill(parent, "SIGCONT"));
await attempt("signal init", () => Deno.kill(1, "SIGCONT"));
await attempt("signal everybody", () => Deno.kill(-1, "SIGCONT"));
await attempt("read the environment of init", () => Deno.readTextFileSync("/proc/1/environ").length);
await attempt(
  "read the environment of the parent",
  () => Deno.readTextFileSync(`/proc/${parent}/environ`).length,
);
await attempt(
  "read the memory of the parent",
  () => Deno.openSync(`/proc/${parent}/mem`).readSync(new Uint8Array(1)),
);
await attempt("read its own memory", () => Deno.openSync("/proc/self/mem").readSync(new Uint8Array(1)));
await attempt("read its own environment", () => Deno.readTextFileSync("/proc/self/environ").length);
await attempt("write kernel settings", () => Deno.writeTextFileSync("/proc/sys/kernel/core_pattern", "|/x"));
await attempt("read block devices", () => Deno.openSync("/dev/vda").readSync(new Uint8Array(1)));
await attempt("read kernel memory", () => Deno.openSync("/dev/kmsg").readSync(new Uint8Array(1)));
await attempt("see the host's name", () => {
  if (Deno.hostname() !== "sandbox") return Deno.hostname();
  throw new Error("it is called sandbox");
});
await attempt("see other network interfaces", () => {
  const seen = Deno.networkInterfaces().filter((one) => one.name !== "lo");
  if (seen.length > 0) return seen;
  throw new Error("there are none");
});

// Straight to the kernel, past everything that Deno checks: libc through the foreign function interface.
const syscalls = {
  socket: [41, 198, 2, 1, 0],
  "socket of netlink": [41, 198, 16, 3, 0],
  ptrace: [101, 117, 0, 0, 0],
  mount: [165, 40, 0, 0, 0],
  "unshare of a user namespace": [272, 97, 0x10000000, 0, 0],
  setns: [308, 268, 3, 0, 0],
  chroot: [161, 51, 0, 0, 0],
  pivot_root: [155, 41, 0, 0, 0],
  bpf: [321, 280, 0, 0, 0],
  perf_event_open: [298, 241, 0, 0, 0],
  userfaultfd: [323, 282, 0, 0, 0],
  io_uring_setup: [425, 425, 8, 0, 0],
  process_vm_readv: [310, 270, parent, 0, 0],
  pidfd_open: [434, 434, parent, 0, 0],
  kill: [62, 129, parent, 0, 0],
  tkill: [200, 130, parent, 18, 0],
  tgkill: [234, 131, parent, parent, 18],
  fork: [57, 9999, 0, 0, 0],
  vfork: [58, 9999, 0, 0, 0],
  clone: [56, 220, 17, 0, 0],
  clone3: [435, 435, 0, 0, 0],
  keyctl: [250, 219, 0, 0, 0],
  add_key: [248, 217, 0, 0, 0],
  memfd_create: [319, 279, 0, 0, 0],
  memfd_secret: [447, 447, 0, 0, 0],
  setuid: [105, 146, 0, 0, 0],
  setresuid: [117, 147, 0, 0, 0],
  "prctl that lets it outlive the node": [157, 167, 1, 0, 0],
  "prctl that makes it undumpable": [157, 167, 4, 0, 0],
  "ioctl that types into a terminal": [16, 29, 0, 0x5412, 0],
  personality: [135, 92, 0x0040000, 0, 0],
  open_by_handle_at: [304, 265, 0, 0, 0],
  kexec_load: [246, 104, 0, 0, 0],
  init_module: [175, 105, 0, 0, 0],
  reboot: [169, 142, 0, 0, 0],
  sethostname: [170, 161, 0, 0, 0],
  shmget: [29, 194, 0, 4096, 0o1600],
  mq_open: [240, 180, 0, 0, 0],
  "prlimit of another process": [302, 261, parent, 7, 0],
};
const column = Deno.build.arch === "x86_64" ? 0 : 1;
const libc = Deno.dlopen(Deno.build.arch === "x86_64" ? "libc.so.6" : "libc.so.6", {
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
  system: { parameters: ["buffer"], result: "i32" },
}).symbols;
for (const [name, numbers] of Object.entries(syscalls)) {
  await attempt(`system call ${name}`, () => {
    const [first, second, third] = numbers.slice(2);
    const result = libc.syscall(
      BigInt(numbers[column]),
      BigInt(first),
      BigInt(second),
      BigInt(third),
      0n,
      0n,
    );
    if (result < 0n) throw new Error("refused");
    return Number(result);
  });
}
await attempt("system()", () => {
  const status = libc.system(new TextEncoder().encode("exit 7\0"));
  if (status !== 7 << 8) throw new Error(`refused (${status})`);
});

Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(results)));
Deno.exit(0);
