"""Every way to export a handler is found; what cannot be read is a build error that names its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import pytest

from proven.packages import (
    Access,
    AttestationMode,
    BuildError,
    Cors,
    HandlerKind,
    HandlerOptions,
    Package,
    Rule,
)
from proven.packages._handlers import find_handlers
from proven.packages._reader import read_module
from proven.packages._syntax import Source
from proven.packages.parsing import Budget, TooComplexError

Files = Mapping[str, str]
PackageOf = Callable[[Files], Package]
HANDLER = "'@proven-network/handler'"
RUN = f"import {{ run }} from {HANDLER};\n"
ALL = f"import * as h from {HANDLER};\n"


def addresses(package: Package) -> list[str]:
    return [handler.address for handler in package.manifest.handlers]


@pytest.mark.parametrize(
    ("source", "exports"),
    [
        (RUN + "export const x = run(() => 1);", ["#x"]),
        (RUN + "export const x = run(() => 1), y = run(function () {}), z = 3;", ["#x", "#y"]),
        (RUN + "export default run(async (a: number): Promise<number> => a);", [""]),
        (RUN + "const x = run(() => 1);\nexport default x;", [""]),
        (RUN + "const x = run(() => 1);\nexport { x };", ["#x"]),
        (RUN + "export { a as b };\nconst a = run(() => 1);", ["#b"]),
        (RUN + "const a = run(() => 1);\nexport { a as default, a as also };", ["", "#also"]),
        (RUN + "export const a = run(() => 1);\nexport const b = a;", ["#a", "#b"]),
        (RUN + "export const a = (run(() => 1));", ["#a"]),
        (RUN + "export const a = run(() => 1) as any;", ["#a"]),
        (RUN + "export const a = run(() => 1) satisfies Function;", ["#a"]),
        (RUN + "export const a = run(() => 1)!;", ["#a"]),
        (RUN + "export const a = <any>run(() => 1);", ["#a"]),
        (RUN + "export const a = ((run(() => 1) as unknown)!) as any;", ["#a"]),
        (
            RUN + "export const a = run<[string], number>(work);\nfunction work(x: string) { return 1 }",
            ["#a"],
        ),
        (RUN + "export const a: (x: string) => void = run((x: string) => {});", ["#a"]),
        (RUN + "export const a = run(/* first */ () => 1 /* last */,);", ["#a"]),
        (RUN + "/** Documented. */\nexport const ünï$_1 = 1, $a = run(() => 1);", ["#$a"]),
        (f"import {{ run as r }} from {HANDLER};\nexport const a = r(() => 1);", ["#a"]),
        (f"import {{ 'run' as r }} from {HANDLER};\nexport const a = r(() => 1);", ["#a"]),
        (ALL + "export const a = h.run(() => 1);", ["#a"]),
        (ALL + "export const a = h['run'](() => 1);", ["#a"]),
        (ALL + "export const a = h\n  // why not\n  .run(() => 1);", ["#a"]),
        (RUN + f"import type {{ X }} from {HANDLER};\nexport const a = run(() => 1);", ["#a"]),
        (RUN + "type Fn = typeof run;\nexport const a = run(() => 1 as unknown as Fn);", ["#a"]),
        (RUN + "export const a = run((run: number) => run + 1);", ["#a"]),
        (RUN + "export const a = run(() => { const run = 1; return run; });", ["#a"]),
        (RUN + "export const a = run(() => { for (const run of [1]) { void run; } });", ["#a"]),
        (RUN + "export const a = run(() => { try {} catch (run) { void run; } });", ["#a"]),
        (RUN + "export const a = run(({ run }: { run: number }) => ({ run }));", ["#a"]),
        (RUN + "export const a = run((db: any) => db.run('x', { run: 1 }));", ["#a"]),
        (RUN + "// run(run)\nconst s = 'run(1)';\nexport const a = run(() => s);", ["#a"]),
        (RUN + "function f() { var run = 1; return run; }\nexport const a = run(f);", ["#a"]),
    ],
)
def test_every_export_form_is_found(package_of: PackageOf, source: str, exports: list[str]) -> None:
    package = package_of({"src/m.ts": source})
    assert addresses(package) == [f"src/m.ts{export}" for export in exports]
    assert all(handler.kind is HandlerKind.RPC for handler in package.manifest.handlers)


def test_handlers_of_every_kind_carry_their_options(package_of: PackageOf) -> None:
    package = package_of(
        {
            "src/m.ts": f"""import * as h from {HANDLER};
const SECOND = 1_000, ORIGIN = 'https://API.example.com:443/', shared = {{ timeout: 2 * SECOND }} as const;
const MEMORY = {{ small: 0x40 }};
export const rpc = h.runWithOptions({{ timeout: shared.timeout, memory: MEMORY.small, access: 'identified',
  allowedOrigins: [ORIGIN, `http://[::1]:8080`, 'https://api.example.com'] }}, () => 1);
export const page = h.runOnHttp({{ path: '/a/:id/b', method: 'POST', attestation: 'always',
  cors: {{ origins: ['https://a.example'], headers: ['X-One'], credentials: true,
  maxAge: 60 * 60 }} }}, () => 1);
export const open = h.runOnHttp({{ 'path': '/', cors: {{ origins: ['*'] }} }}, () => 1);
export const often = h.runOnSchedule({{ cron: '*/5 0-6 1,15 * mon-fri', timezone: 'Europe/Lisbon' }},
  () => 1);
export const told = h.runOnEvent({{ event: 'paid', application: '{"a" * 32}' }}, () => 1);
export const alias = h.runOnProvenEvent({{ event: 'paid', application: undefined }}, () => 1);
export const radix = h.runOnRadixEvent({{ eventName: 'Deposit' }}, () => 1);
export const ether = h.runOnEthereumEvent({{ network: 'mainnet', topic: '0x{"ab" * 32}', confirmations: 12,
  abi: [{{ type: 'event', name: 'Transfer', anonymous: false, inputs: [] }}] }}, () => 1);
export const coin = h.runOnBitcoinEvent({{ network: 'testnet', address: 'tb1qw508d6qejxtdg4y5r3zarvary0c5' }},
  () => 1);
export const well = h.runOnHealthCheck({{ timeout: 500 }}, () => 1);
"""
        }
    )
    found = {handler.export: (handler.kind, handler.options) for handler in package.manifest.handlers}
    assert found == {
        "rpc": (
            HandlerKind.RPC,
            HandlerOptions(
                timeout_ms=2000,
                memory_mib=64,
                access=Access.IDENTIFIED,
                allowed_origins=("http://[::1]:8080", "https://api.example.com"),
            ),
        ),
        "page": (
            HandlerKind.HTTP,
            HandlerOptions(
                path="/a/:id/b",
                method="POST",
                attestation=AttestationMode.ALWAYS,
                cors=Cors(("https://a.example",), ("x-one",), True, 3600),
            ),
        ),
        "open": (HandlerKind.HTTP, HandlerOptions(path="/", cors=Cors(("*",)))),
        "often": (
            HandlerKind.SCHEDULE,
            HandlerOptions(cron="*/5 0-6 1,15 * mon-fri", timezone="Europe/Lisbon"),
        ),
        "told": (HandlerKind.EVENT, HandlerOptions(event="paid", application="a" * 32)),
        "alias": (HandlerKind.EVENT, HandlerOptions(event="paid")),
        "radix": (HandlerKind.RADIX_EVENT, HandlerOptions(event_name="Deposit")),
        "ether": (
            HandlerKind.ETHEREUM_EVENT,
            HandlerOptions(
                network="mainnet",
                topic="0x" + "ab" * 32,
                confirmations=12,
                abi='[{"anonymous":false,"inputs":[],"name":"Transfer","type":"event"}]',
            ),
        ),
        "coin": (
            HandlerKind.BITCOIN_EVENT,
            HandlerOptions(network="testnet", address="tb1qw508d6qejxtdg4y5r3zarvary0c5"),
        ),
        "well": (HandlerKind.HEALTH_CHECK, HandlerOptions(timeout_ms=500)),
    }


def test_reexported_handlers_count_at_the_entry_module(package_of: PackageOf) -> None:
    package = package_of(
        {
            "package.json": '{"proven": {"entries": ["./index.ts"]}}',
            "index.ts": "export { one, two as zwei } from './a.js';\nexport * from './b';\n"
            "import d, { five } from './c';\nexport { d as four, five };\nexport default five;",
            "a.ts": RUN + "export const one = run(() => 1), two = run(() => 2);",
            "b.ts": "export * from './deeper';\nexport const no = 1;",
            "deeper.ts": RUN + "export const three = run(() => 3);\nexport const six = three;",
            "c.ts": RUN + "export default run(() => 4);\nexport const five = run(() => 5);",
        }
    )
    names = ["", "#five", "#four", "#one", "#six", "#three", "#zwei"]
    assert addresses(package) == [f"index.ts{name}" for name in names]


def test_export_star_in_a_ring_ends(package_of: PackageOf) -> None:
    package = package_of(
        {
            "package.json": '{"proven": {"entries": ["a.ts"]}}',
            "a.ts": RUN + "export * from './b';\nexport const x = run(() => 1);",
            "b.ts": "export * from './a';\nexport { y as z } from './c';",
            "c.ts": "export { z as y } from './b';",
        }
    )
    assert addresses(package) == ["a.ts#x"]


def test_limits_of_package_json_fill_in_what_a_handler_leaves_open(package_of: PackageOf) -> None:
    package = package_of(
        {
            "package.json": '{"proven": {"limits": {"timeout": 5000, "memory": 64}}}',
            "src/m.ts": ALL + "export const a = h.run(() => 1);\n"
            "export const b = h.runWithOptions({ timeout: 7, access: 'owner' }, () => 1);",
        }
    )
    a, b = package.manifest.handlers
    assert (a.options.timeout_ms, a.options.memory_mib) == (5000, 64)
    assert (b.options.timeout_ms, b.options.memory_mib) == (7, 64)


def one(source: str) -> Files:
    return {"src/m.ts": source}


def http(options: str) -> Files:
    return one(ALL + f"export const a = h.runOnHttp({options}, () => 1);")


def rpc(options: str) -> Files:
    return one(ALL + f"export const a = h.runWithOptions({options}, () => 1);")


def scheduled(options: str) -> Files:
    return one(ALL + f"export const a = h.runOnSchedule({options}, () => 1);")


def cron(text: str) -> Files:
    return scheduled(f"{{ cron: '{text}' }}")


def event(options: str) -> Files:
    return one(ALL + f"export const a = h.runOnEvent({options}, () => 1);")


GOOD = RUN + "export const ok = run(() => 1);\n"
BROKEN: list[tuple[Rule, Files, str]] = [
    (Rule.SYNTAX, one(GOOD + "const = 1;"), "3:1"),
    (Rule.SYNTAX, one(GOOD + "export const b = run(() => {;"), "3:28"),
    (Rule.UNSUPPORTED_SYNTAX, one(GOOD + "import x = require('x');"), "3:1"),
    (Rule.UNSUPPORTED_SYNTAX, one(GOOD + "export = run(() => 1);"), "3:1"),
    (Rule.UNSUPPORTED_SYNTAX, one(GOOD + "export const b = r\\u0075n(() => 1);"), "3:18"),
    (Rule.UNSUPPORTED_SYNTAX, one(GOOD + "const { b\\u{63}: d } = {} as any;"), "3:9"),
    (Rule.MIGRATION_NOT_STATIC, one(
        GOOD + "import { getNftDb } from '@proven-network/sql';\ngetNftDb('').migrate('x');"), "4:1"),
    (Rule.UNSUPPORTED_FILE, {"src/m.ts": GOOD + "import './page.tsx';", "src/page.tsx": ""}, ""),
    (Rule.UNSUPPORTED_FILE, {"src/m.ts": GOOD + "import './a.cjs';", "src/a.cjs": ""}, ""),
    (Rule.NO_HANDLERS, {"src/m.ts": "export const x = 1;"}, ""),
    (Rule.NO_HANDLERS, one("import { run } from '@proven-network/handler';\nvoid 0;"), ""),
    (Rule.ENTRY_MISSING, {"package.json": '{"proven": {"entries": ["gone.ts"]}}'}, ""),
    (Rule.ENTRY_MISSING, {"package.json": '{"proven": {"entries": ["../x.ts"]}}'}, ""),
    (Rule.PACKAGE_JSON, {"package.json": "{", "src/m.ts": GOOD}, ""),
    (Rule.PACKAGE_JSON, {"package.json": "[]", "src/m.ts": GOOD}, ""),
    (Rule.PACKAGE_JSON, {"package.json": '{"name": "Up"}', "src/m.ts": GOOD}, ""),
    (Rule.PACKAGE_JSON, {"package.json": '{"proven": {"entry": []}}', "src/m.ts": GOOD}, ""),
    (Rule.PACKAGE_JSON, {"package.json": '{"proven": {"entries": []}}', "src/m.ts": GOOD}, ""),
    (Rule.PACKAGE_JSON, {"package.json": '{"proven": {"limits": {"timeout": -1}}}', "src/m.ts": GOOD}, ""),
    (Rule.IMPORT_UNRESOLVED, one(GOOD + "import './gone';"), "3:1"),
    (Rule.IMPORT_UNRESOLVED, one(GOOD + "  import '../../outside';"), "3:3"),
    (Rule.IMPORT_UNRESOLVED, one(GOOD + "import '#internal';"), "3:1"),
    (Rule.IMPORT_UNRESOLVED, one(GOOD + "import '@proven-network/nothing';"), "3:1"),
    (Rule.IMPORT_UNSUPPORTED, one(GOOD + "import 'https://deno.land/x.ts';"), "3:1"),
    (Rule.IMPORT_UNSUPPORTED, one(GOOD + "import 'npm:zod@3';"), "3:1"),
    (Rule.IMPORT_UNSUPPORTED, one(GOOD + "import '/etc/passwd';"), "3:1"),
    (Rule.IMPORT_UNSUPPORTED, one(GOOD + "export * from 'a//b';"), "3:1"),
    (Rule.IMPORT_DYNAMIC, one(GOOD + "const m = await import('./' + 'x');"), "3:17"),
    (Rule.IMPORT_BUILTIN, one(GOOD + "import 'node:fs';"), "3:1"),
    (Rule.HANDLER_UNKNOWN, one(GOOD + "import { runs } from '@proven-network/handler';\nruns();"), "3:10"),
    (Rule.HANDLER_UNKNOWN, one(ALL + "export const a = h.runs(() => 1);"), "2:18"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "const r = run;"), "3:11"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "export { run };"), "3:10"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "export { run } from '@proven-network/handler';"), "3:1"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "export * from '@proven-network/handler';"), "3:1"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "const h = await import('@proven-network/handler');"), "3:17"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "[1].map(run);"), "3:9"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "const o = { run };"), "3:13"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "export const a = run?.(() => 1);"), "3:18"),
    (Rule.HANDLER_ESCAPES, one(GOOD + "export const a = run.call(null, () => 1);"), "3:18"),
    (Rule.HANDLER_ESCAPES, one(ALL + "const { run } = h;"), "2:17"),
    (Rule.HANDLER_ESCAPES, one(ALL + "const k = 'run'; export const a = h[k](() => 1);"), "2:35"),
    (Rule.HANDLER_NOT_TOP_LEVEL, one(GOOD + "function f() { return run(() => 1); }"), "3:23"),
    (Rule.HANDLER_NOT_TOP_LEVEL, one(GOOD + "if (1) { const x = run(() => 1); }"), "3:20"),
    (Rule.HANDLER_NOT_TOP_LEVEL, one(GOOD + "class A { static x = run(() => 1); }"), "3:22"),
    (Rule.HANDLER_NOT_TOP_LEVEL, one(GOOD + "export const a = () => run(() => 1);"), "3:24"),
    (Rule.HANDLER_NOT_CONST, one(GOOD + "export let a = run(() => 1);"), "3:8"),
    (Rule.HANDLER_NOT_CONST, one(GOOD + "export var a = run(() => 1);"), "3:8"),
    (Rule.HANDLER_NOT_CONST, one(GOOD + "export let a; a = run(() => 1);"), "3:19"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const { a } = run(() => 1);"), "3:14"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = true ? run(() => 1) : null;"), "3:25"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = await run(() => 1);"), "3:24"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = wrap(run(() => 1));"), "3:23"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = [run(() => 1)];"), "3:19"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = { b: run(() => 1) };"), "3:23"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = run(() => 1).b;"), "3:18"),
    (Rule.HANDLER_NOT_PLAIN, one(GOOD + "export const a = null ?? run(() => 1);"), "3:26"),
    (Rule.HANDLER_NOT_EXPORTED, one(GOOD + "const a = run(() => 1);"), "3:11"),
    (Rule.HANDLER_NOT_EXPORTED, one(GOOD + "run(() => 1);"), "3:1"),
    (
        Rule.HANDLER_NOT_IN_ENTRY,
        {
            "package.json": '{"proven": {"entries": ["src/m.ts"]}}',
            "src/m.ts": GOOD + "import * as other from './other';\nexport { other };",
            "src/other.ts": RUN + "export const b = run(() => 1);",
        },
        "2:18",
    ),
    (
        Rule.HANDLER_EXPORTED_TWICE,
        one(ALL + "export const a = h.runOnEvent({ event: 'x' }, () => 1);\nexport { a as b };"),
        "2:18",
    ),
    (Rule.HANDLER_NAME, one(RUN + "const a = run(() => 1);\nexport { a as 'b c' };"), "3:10"),
    (Rule.HANDLER_NAME, one(RUN + "export const é = run(() => 1);"), "2:8"),
    (Rule.HANDLER_ARGUMENTS, one(RUN + "export const a = run();"), "2:18"),
    (Rule.HANDLER_ARGUMENTS, one(RUN + "export const a = run({}, () => 1);"), "2:18"),
    (Rule.HANDLER_ARGUMENTS, one(RUN + "export const a = run(...[() => 1]);"), "2:18"),
    (Rule.HANDLER_ARGUMENTS, one(RUN + "export const a = run('x');"), "2:22"),
    (Rule.HANDLER_ARGUMENTS, one(RUN + "export const a = run`x`;"), "2:18"),
    (Rule.HANDLER_ARGUMENTS, one(ALL + "export const a = h.runOnHttp(() => 1);"), "2:18"),
    (Rule.HANDLER_ARGUMENTS, one(ALL + "export const a = h.runOnHttp(() => 1, { path: '/' });"), "2:39"),
    (Rule.OPTIONS_NOT_STATIC, rpc("options()"), "2:35"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: Number('1') }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: later }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ ...rest }"), "2:37"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ [`time` + 'out']: 1 }"), "2:37"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ get timeout() { return 1; } }"), "2:37"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: 1, timeout: 2 }"), "2:49"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: 1 / 0 }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: 2 ** 2000 }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: 1n }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: ~1 }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ timeout: 1 > 0 ? 1 : 2 }"), "2:46"),
    (Rule.OPTIONS_NOT_STATIC, rpc("{ allowedOrigins: [`https://${host}`] }"), "2:54"),
    (
        Rule.OPTIONS_NOT_STATIC,
        one(ALL + "let o = {};\nexport const a = h.runWithOptions(o, () => 1);"),
        "3:35",
    ),
    (
        Rule.OPTIONS_NOT_STATIC,
        one(ALL + "const o = { timeout: o };\nexport const a = h.runWithOptions(o, () => 1);"),
        "2:11",
    ),
    (
        Rule.OPTIONS_NOT_STATIC,
        {
            "src/m.ts": ALL + "import { o } from './o';\nexport const a = h.runWithOptions(o, () => 1);",
            "src/o.ts": "export const o = {};",
        },
        "3:35",
    ),
    (Rule.OPTION_UNKNOWN, rpc("{ timeOut: 5 }"), "2:37"),
    (Rule.OPTION_UNKNOWN, rpc("{ path: '/' }"), "2:37"),
    (Rule.OPTION_MISSING, http("{}"), "2:30"),
    (Rule.OPTION_MISSING, one(ALL + "export const a = h.runOnSchedule({}, () => 1);"), "2:34"),
    (Rule.OPTION_MISSING, one(ALL + "export const a = h.runOnRadixEvent({}, () => 1);"), "2:36"),
    (Rule.OPTION_MISSING, one(ALL + "export const a = h.runOnBitcoinEvent({}, () => 1);"), "2:38"),
    (Rule.OPTION_INVALID, rpc("{ timeout: 0 }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ timeout: 1.5 }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ timeout: -1 }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ timeout: '5s' }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ timeout: true }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ memory: 1e6 }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ access: 'everyone' }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ allowedOrigins: 'https://a.example' }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ allowedOrigins: ['https://a.example/path'] }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ allowedOrigins: ['https://*.example'] }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("{ allowedOrigins: ['ftp://a.example'] }"), "2:37"),
    (Rule.OPTION_INVALID, rpc("'timeout'"), "2:35"),
    (Rule.OPTION_INVALID, http("{ path: 'a' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/a//b' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/../b' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/a?b' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/:a/:a' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/:1' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/*' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/%zz' }"), "2:32"),
    (Rule.OPTION_INVALID, http("{ path: '/', method: 'FETCH' }"), "2:43"),
    (Rule.OPTION_INVALID, http("{ path: '/', cors: true }"), "2:43"),
    (Rule.OPTION_INVALID, http("{ path: '/', cors: { origins: [] } }"), "2:43"),
    (Rule.OPTION_INVALID, http("{ path: '/', cors: { origins: ['*'], credentials: true } }"), "2:43"),
    (Rule.OPTION_INVALID, http("{ path: '/', cors: { origins: ['*'], credential: true } }"), "2:43"),
    (Rule.OPTION_INVALID, cron("* * * *"), "2:36"),
    (Rule.OPTION_INVALID, cron("60 * * * *"), "2:36"),
    (Rule.OPTION_INVALID, cron("* * 31 2,4 *"), "2:36"),
    (Rule.OPTION_INVALID, cron("@daily"), "2:36"),
    (Rule.OPTION_INVALID, cron("5-1 * * * *"), "2:36"),
    (Rule.OPTION_INVALID, cron("*/0 * * * *"), "2:36"),
    (Rule.OPTION_INVALID, scheduled("{ cron: '* * * * *', timezone: 'Mars/Base' }"), "2:55"),
    (Rule.OPTION_INVALID, event("{ event: '' }"), "2:33"),
    (Rule.OPTION_INVALID, event("{ event: 'x', application: 'me' }"), "2:45"),
    (Rule.OPTION_INVALID, event("{ event: 'x', timeout: 0 }"), "2:45"),
    (
        Rule.ROUTE_DUPLICATE,
        one(
            ALL + "export const a = h.runOnHttp({ path: '/x/:a', method: 'GET' }, () => 1);\n"
            "export const b = h.runOnHttp({ path: '/x/:b', method: 'get' }, () => 1);"
        ),
        "3:18",
    ),
    (
        Rule.MIGRATION_NOT_STATIC,
        one(
            GOOD + "import { getApplicationDb } from '@proven-network/sql';\n"
            "const db = getApplicationDb('a').migrate(text());"
        ),
        "4:42",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "files", "place"), BROKEN, ids=[f"{rule.value}-{n}" for n, (rule, _, _) in enumerate(BROKEN)]
)
def test_what_cannot_be_read_is_a_build_error_with_its_place(
    package_of: PackageOf, rule: Rule, files: Files, place: str
) -> None:
    with pytest.raises(BuildError) as caught:
        package_of(files)
    problems = [(p.rule, f"{p.line}:{p.column}" if p.line else "") for p in caught.value.problems]
    assert (rule, place) in problems, [str(problem) for problem in caught.value.problems]


def test_all_problems_are_reported_and_not_just_the_first(package_of: PackageOf) -> None:
    with pytest.raises(BuildError) as caught:
        package_of(
            {
                "src/a.ts": RUN + "export let a = run(() => 1);\nimport './gone';",
                "src/b.ts": ALL + "export const b = h.runOnHttp({ path: 'x', method: 'y' }, () => 1);",
            }
        )
    assert [(p.file, p.line, p.rule) for p in caught.value.problems] == [
        ("src/a.ts", 2, Rule.HANDLER_NOT_CONST),
        ("src/a.ts", 3, Rule.IMPORT_UNRESOLVED),
        ("src/b.ts", 2, Rule.OPTION_INVALID),
        ("src/b.ts", 2, Rule.OPTION_INVALID),
    ]
    assert caught.value.details == {
        "problems": [
            {"file": p.file, "line": p.line, "column": p.column, "rule": p.rule.value, "message": p.message}
            for p in caught.value.problems
        ]
    }


def test_columns_count_characters(package_of: PackageOf) -> None:
    with pytest.raises(BuildError) as caught:
        package_of(one(GOOD + "/* ünïcödé 😀 */ const r = run;"))
    assert [(p.line, p.column) for p in caught.value.problems] == [(3, 27)]


def test_an_any_method_route_stands_beside_one_for_a_method(package_of: PackageOf) -> None:
    package = package_of(
        one(
            ALL + "export const a = h.runOnHttp({ path: '/x', method: 'GET' }, () => 1);\n"
            "export const b = h.runOnHttp({ path: '/x' }, () => 1);"
        )
    )
    assert len(package.manifest.handlers) == 2


def test_migrations_are_in_the_manifest_in_their_order(package_of: PackageOf) -> None:
    package = package_of(
        one(
            GOOD
            + """import { getApplicationDb, getPersonalDb as mine } from '@proven-network/sql';
const TABLE = 'CREATE TABLE a (x)';
export const db = getApplicationDb('main')
  .migrate(TABLE)
  .migrate(`CREATE INDEX b ON a (x)`);
db.migrate('ALTER TABLE a ADD y');
mine().migrate('CREATE TABLE p (x)');
export function later() { return getApplicationDb('other').migrate('no' + later); }
"""
        )
    )
    assert [
        (item.module, item.scope, item.database, len(item.statements)) for item in package.manifest.migrations
    ] == [("src/m.ts", "application", "main", 3), ("src/m.ts", "personal", "default", 1)]
    assert package.manifest.migrations[1].statements == (hashlib.sha256(b"CREATE TABLE p (x)").hexdigest(),)


def test_a_long_chain_of_reexports_is_followed(package_of: PackageOf) -> None:
    last = 1_500
    files = {f"m{n}.ts": f"export * from './m{n + 1}';" for n in range(last)}
    files[f"m{last}.ts"] = RUN + "export const x = run(() => 1);"
    package = package_of({"package.json": '{"proven": {"entries": ["m0.ts"]}}', **files})
    assert addresses(package) == ["m0.ts#x"]


def test_source_that_takes_too_long_to_understand_is_refused() -> None:
    seconds = iter(range(1_000))
    source = Source("a.ts", GOOD.encode() + b"(run," * 200, Budget(100, clock=lambda: next(seconds)))
    module = read_module(source, own=True)
    with pytest.raises(TooComplexError):
        find_handlers(module)


def test_the_same_name_in_one_large_scope_is_looked_up_once(package_of: PackageOf) -> None:
    """Quadratic work here would take minutes."""
    body = "{ const run = 1; " + "run;" * 20_000 + " }"
    package_of(one(GOOD + f"export const f = () => {body};"))
