"""A whole node below the gateway, with real sessions, registry and runtime, and an app that exercises it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from proven.apps import Application, Applications, Deployer
from proven.attestation import DevelopmentAttestor, Verifier
from proven.engine.embedded import EmbeddedEngine
from proven.gateway import Call, Gateway, GatewayConfig
from proven.identity import SessionLimits, Sessions
from proven.packages import build
from proven.runtime import HostFunctions, Runtime, RuntimeConfig
from proven.wire.identity import IdentityKey, new_seed, owner_key
from proven.wire.ids import ApplicationId

APP = """
import { run, runWithOptions, runOnHttp, runOnSchedule } from '@proven-network/handler';

export const echo = run((...values: unknown[]) => values);
export const add = run((a: number, b: number) => a + b);
export const slow = run(async (ms: number) => {
  await new Promise((done) => setTimeout(done, ms));
  return ms;
});
export const fail = run((message: string) => { throw new RangeError(message); });
export const say = run((line: string) => { console.log(line); return null; });
export const members = runWithOptions({ access: 'identified' }, () => 'welcome');
export const owners = runWithOptions({ access: 'owner' }, () => 'boss');
export const never = runOnSchedule({ cron: '0 0 1 1 *' }, () => {});

export const greet = runOnHttp({ path: '/hello/:name', method: 'GET' }, (request) =>
  ({ hello: request.pathParameters.name, query: request.queryParameters }));
export const post = runOnHttp({ path: '/echo', method: 'POST' }, async ({ request }) => {
  const headers = { 'x-seen': request.headers.get('x-sent') ?? '' };
  return new Response(await request.arrayBuffer(), { status: 201, headers });
});
export const anything = runOnHttp({ path: '/any' }, (request) => ({ method: request.method }));
export const open = runOnHttp(
  { path: '/cors', method: 'PUT', cors: { origins: ['https://page.example'], headers: ['x-a'], maxAge: 60 } },
  () => ({ ok: true }));
export const stream = runOnHttp({ path: '/stream/:megabytes', method: 'GET' }, ({ pathParameters }) => {
  let left = Number(pathParameters.megabytes) * 16;
  return new Response(new ReadableStream({
    pull(controller) {
      left-- > 0 ? controller.enqueue(new Uint8Array(65536).fill(left)) : controller.close();
    },
  }));
});
export const count = runOnHttp({ path: '/count', method: 'POST' }, async ({ request }) => {
  let size = 0;
  for await (const chunk of request.body!) size += chunk.byteLength;
  return { size };
});
export const signed = runOnHttp({ path: '/signed', attestation: 'always' }, () => ({ signed: true }));
export const bad = runOnHttp({ path: '/bad/:what' }, ({ pathParameters }) => {
  const headers = { 'transfer-encoding': 'gzip', 'connection': 'x', 'x-kept': 'yes' };
  return pathParameters.what === 'throw' ? Promise.reject(new Error('no')) : new Response('x', { headers });
});
"""

OTHER = """
import { run } from '@proven-network/handler';
export const add = run((a: string, b: string) => a + b);
"""


@dataclass
class Node:
    url: str
    port: int
    application: Application
    owner: bytes
    """The owner's seed."""
    attestor: DevelopmentAttestor
    sessions: Sessions
    applications: Applications
    deployer: Deployer
    calls: list[Call]

    @property
    def verifier(self) -> Verifier:
        return Verifier.development(self.attestor.root)

    @property
    def app_url(self) -> str:
        return f"{self.url}/app/{self.application.id}"


class Owner:
    """The owner's key is one key, in management and in the application."""

    def __init__(self, seed: bytes) -> None:
        self.management = IdentityKey.of_owner(owner_key(seed))

    def inside(self, application_id: ApplicationId) -> IdentityKey:
        return IdentityKey(self.management._private_key, application_id)


@asynccontextmanager
async def running_node(
    directory: Path, config: GatewayConfig | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Node]:
    folder = directory / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.ts").write_text(APP)
    (folder / "src" / "other.ts").write_text(OTHER)
    (folder / "package.json").write_text('{"name": "gate"}')
    attestor = DevelopmentAttestor(directory / "attestation")
    engine = EmbeddedEngine(directory / "engine.db", bytes(32))
    runtime = Runtime(RuntimeConfig(), HostFunctions())
    sessions = Sessions(attestor, limits=SessionLimits(handshake_rate=1e6, handshake_rate_per_source=1e6))
    applications = Applications(engine.logs, engine.objects, origin="log.example/gateway")
    deployer = Deployer(applications, runtime)
    seed = new_seed()
    owner = owner_key(seed)
    calls: list[Call] = []
    async with AsyncExitStack() as stack:
        for service in (engine, runtime, applications, deployer):
            await service.start()
            stack.push_async_callback(service.stop)
        record = await applications.create(owner, "gate", b"")
        application = await deployer.deploy(owner, record.id, build(folder), revision=1)
        await applications.add_origin(owner, record.id, "https://page.example", revision=2)
        gateway = Gateway(
            config or GatewayConfig(push_console=True),
            sessions=sessions,
            applications=applications,
            versions=deployer,
            runtime=runtime,
            attestor=attestor,
            messages=engine.messages,
            tls=tls,
            on_call=calls.append,
        )
        stack.push_async_callback(gateway.stop, 1.0)
        _, port = await gateway.listen("127.0.0.1", 0)
        url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield Node(url, port, application, seed, attestor, sessions, applications, deployer, calls)
