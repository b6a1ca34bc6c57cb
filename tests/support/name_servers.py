"""Name servers on loopback that answer from tables of the test's: over HTTPS with certificates of a test
authority, and in the clear over TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

TYPE = "application/dns-message"
Distortion = Callable[[dns.message.Message], bytes]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Zone:
    """TXT records by name. `asked` are the names that were asked for; `distort` makes the bytes of an answer
    of the true one; `held` keeps answers back while it is set.
    """

    def __init__(self, records: dict[str, list[str]] | None = None, *, signed: bool = False) -> None:
        self.records = records or {}
        self.aliases: dict[str, str] = {}
        self.signed = signed
        self.asked: list[str] = []
        self.distort: Distortion = dns.message.Message.to_wire
        self.up = asyncio.Event()
        self.up.set()

    async def answer(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        assert question.question[0].rdtype == dns.rdatatype.TXT
        self.asked.append(name)
        await self.up.wait()
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA | (dns.flags.AD if self.signed else 0)
        if name in self.aliases:
            target = self.aliases[name]
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target}."))
            name = target
        if name in self.records:
            texts = [_quoted(text) for text in self.records[name]]
            if texts:
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *texts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return self.distort(answer)


class HttpsServer:
    """A resolver at `url`. `handler` answers in its stead while it is set."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.url = ""
        self.handler: Handler | None = None
        self.requests = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.handler is not None:
            return await self.handler(request)
        assert request.method == "POST"
        assert request.path == "/dns-query"
        assert request.content_type == TYPE
        return web.Response(body=await self.zone.answer(await request.read()), content_type=TYPE)


class Authority:
    """A certificate authority of the test; its own certificate is in `file`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.file = directory / "authority.pem"
        self.file.write_bytes(self._sign(self._name, self._key.public_key(), None).public_bytes(Encoding.PEM))

    def server(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """The context of a server whose certificate is for `address`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test resolver")])
        made = self._sign(name, key.public_key(), address)
        file = self._directory / f"server-{made.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(made.public_bytes(Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.file)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, address: str | None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if address is None:
            usage = x509.KeyUsage(*(each in (5, 6) for each in range(9)))
            builder = builder.add_extension(usage, critical=True)
        else:
            alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@contextlib.asynccontextmanager
async def https_server(zone: Zone, context: ssl.SSLContext) -> AsyncIterator[HttpsServer]:
    server = HttpsServer(zone)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.url = f"https://127.0.0.1:{runner.addresses[0][1]}/dns-query"
    try:
        yield server
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def plain_server(zone: Zone) -> AsyncIterator[str]:
    """The `host:port` of a resolver in the clear."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            length = int.from_bytes(await reader.readexactly(2), "big")
            answer = await zone.answer(await reader.readexactly(length))
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        zone.up.set()
        server.close()
        await server.wait_closed()


def _quoted(text: str) -> str:
    """As zone files have it: strings of 255 bytes at most."""
    parts = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
