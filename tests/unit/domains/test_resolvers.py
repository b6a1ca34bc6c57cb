"""What resolvers say counts if they prove who they are, answer what was asked, and enough of them agree."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from proven.domains import (
    BadAnswerError,
    DisagreementError,
    DomainsConfig,
    HttpsResolver,
    NoRecordError,
    PlainResolver,
    Quorum,
    ResolutionError,
    Resolver,
    TextRecords,
    UnreachableError,
    UnsignedError,
    resolver_for,
)
from proven.domains._messages import MAX_MESSAGE, decode_answer, encode_question
from proven.wire.errors import ErrorCode, ProvenError
from support.name_servers import TYPE, Authority, HttpsServer, Zone, https_server, plain_server

NAME = "_proven.app.example"
LONG = "x" * 255 + "y" * 45


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[HttpsServer]:
    async with https_server(Zone({NAME: ["a b", LONG]}), authority.server()) as running:
        yield running


@contextlib.asynccontextmanager
async def resolver(server: HttpsServer, authority: Authority, timeout: float = 10) -> AsyncIterator[Resolver]:
    made = HttpsResolver(server.url, tls=authority.client(), timeout=timeout)
    try:
        yield made
    finally:
        await made.close()


async def test_records_are_read_over_https_with_their_strings_joined(
    server: HttpsServer, authority: Authority
) -> None:
    server.zone.signed = True
    async with resolver(server, authority) as over_https:
        found = await over_https.text(NAME)
    assert sorted(found.values) == [b"a b", LONG.encode()]
    assert found.authenticated


async def test_records_are_read_in_the_clear() -> None:
    async with plain_server(Zone({NAME: ["a b", LONG]})) as address:
        host, _, port = address.rpartition(":")
        found = await PlainResolver(host, int(port)).text(NAME)
    assert sorted(found.values) == [b"a b", LONG.encode()]
    assert not found.authenticated


@pytest.mark.parametrize("records", [{}, {NAME: []}])
async def test_no_such_name_and_no_such_record_are_told(
    server: HttpsServer, authority: Authority, records: dict[str, list[str]]
) -> None:
    server.zone.records = records
    async with resolver(server, authority) as over_https:
        with pytest.raises(NoRecordError):
            await over_https.text(NAME)


async def test_a_record_behind_an_alias_is_not_the_names_own(
    server: HttpsServer, authority: Authority
) -> None:
    server.zone.aliases[NAME] = "shared.example"
    server.zone.records["shared.example"] = ["a b"]
    async with resolver(server, authority) as over_https:
        with pytest.raises(NoRecordError, match="alias"):
            await over_https.text(NAME)


async def test_a_resolver_without_the_certificate_of_its_address_is_not_believed(
    server: HttpsServer, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = HttpsResolver(server.url, tls=Authority(tmp_path / "other").client())
    with pytest.raises(UnreachableError, match=r"its TLS certificate is not its own: (?!.*Error)"):
        await stranger.text(NAME)
    await stranger.close()
    async with (
        https_server(server.zone, authority.server("127.0.0.2")) as elsewhere,
        resolver(elsewhere, authority) as over_https,
    ):
        with pytest.raises(UnreachableError, match=r"its TLS certificate is not its own: (?!.*Error)"):
            await over_https.text(NAME)
    assert server.zone.asked == []


async def test_a_resolver_that_is_not_there_is_said_to_be_so(
    server: HttpsServer, authority: Authority
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = HttpsResolver(f"https://127.0.0.1:{unused.getsockname()[1]}/", tls=authority.client())
        with pytest.raises(UnreachableError, match=r"^it cannot be reached: Connection refused$"):
            await nobody.text(NAME)
        await nobody.close()


def other_id(answer: dns.message.Message) -> bytes:
    answer.id ^= 1
    return answer.to_wire()


def other_name(answer: dns.message.Message) -> bytes:
    question = dns.message.make_query("_proven.evil.example", dns.rdatatype.TXT, id=answer.id)
    forged = dns.message.make_response(question)
    forged.answer.append(dns.rrset.from_text("_proven.evil.example.", 60, "IN", "TXT", '"a b"'))
    return forged.to_wire()


def other_type(answer: dns.message.Message) -> bytes:
    question = dns.message.make_query(NAME, dns.rdatatype.SPF, id=answer.id)
    return dns.message.make_response(question).to_wire()


def no_question(answer: dns.message.Message) -> bytes:
    answer.question = []
    return answer.to_wire()


def a_question(answer: dns.message.Message) -> bytes:
    answer.flags &= ~dns.flags.QR
    return answer.to_wire()


def cut_off(answer: dns.message.Message) -> bytes:
    answer.flags |= dns.flags.TC
    return answer.to_wire()


def crowded(answer: dns.message.Message) -> bytes:
    names = [f"n{each}.example." for each in range(40)]
    answer.additional = [dns.rrset.from_text(name, 60, "IN", "TXT", '"x"') for name in names]
    return answer.to_wire()


def garbage(answer: dns.message.Message) -> bytes:
    return answer.to_wire()[:-3]


def oversized(answer: dns.message.Message) -> bytes:
    return answer.to_wire() + bytes(MAX_MESSAGE)


FORGERIES = [
    other_id,
    other_name,
    other_type,
    no_question,
    a_question,
    cut_off,
    crowded,
    garbage,
    oversized,
]


@pytest.mark.parametrize("forge", FORGERIES)
async def test_an_answer_to_something_else_is_none(
    server: HttpsServer, authority: Authority, forge: object
) -> None:
    server.zone.distort = forge  # type: ignore[assignment]
    async with resolver(server, authority) as over_https:
        with pytest.raises(BadAnswerError):
            await over_https.text(NAME)
    async with plain_server(server.zone) as address:
        host, _, port = address.rpartition(":")
        with pytest.raises(BadAnswerError):
            await PlainResolver(host, int(port)).text(NAME)


async def test_records_of_other_names_in_an_answer_are_not_looked_at(
    server: HttpsServer, authority: Authority
) -> None:
    def stuffed(answer: dns.message.Message) -> bytes:
        others = [
            dns.rrset.from_text(name, 60, "IN", "TXT", '"forged"')
            for name in ("_proven.evil.example.", "example.")
        ]
        answer.answer += others
        answer.additional.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", "TXT", '"forged"'))
        return answer.to_wire()

    server.zone.distort = stuffed
    async with resolver(server, authority) as over_https:
        assert b"forged" not in (await over_https.text(NAME)).values


async def test_a_resolver_that_cannot_find_out_says_nothing_about_the_name(
    server: HttpsServer, authority: Authority
) -> None:
    def fails(answer: dns.message.Message) -> bytes:
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer.to_wire()

    server.zone.distort = fails
    async with resolver(server, authority) as over_https:
        with pytest.raises(UnreachableError, match="SERVFAIL"):
            await over_https.text(NAME)


async def test_a_redirect_is_not_followed(server: HttpsServer, authority: Authority) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"location": server.url})

    server.handler = elsewhere
    async with resolver(server, authority) as over_https:
        with pytest.raises(UnreachableError, match="307"):
            await over_https.text(NAME)
    assert server.requests == 1


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/html"}, {"content-type": TYPE, "content-encoding": "gzip"}]
)
async def test_an_answer_of_another_type_is_none(
    server: HttpsServer, authority: Authority, headers: dict[str, str]
) -> None:
    async def other(request: web.Request) -> web.Response:
        return web.Response(body=await server.zone.answer(await request.read()), headers=headers)

    server.handler = other
    async with resolver(server, authority) as over_https:
        with pytest.raises(BadAnswerError, match="type"):
            await over_https.text(NAME)


async def test_an_answer_that_drips_has_a_deadline_and_one_without_end_a_bound(
    server: HttpsServer, authority: Authority
) -> None:
    ended = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": TYPE})
        await response.prepare(request)
        try:
            await response.write(b"\0")
            await asyncio.Event().wait()
        finally:
            ended.set()
        return response

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": TYPE})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(bytes(1024))
        return response

    server.handler = drip
    async with resolver(server, authority, timeout=0.3) as over_https:
        with pytest.raises(UnreachableError, match="within"):
            await over_https.text(NAME)
        async with asyncio.timeout(60):
            await ended.wait()
    server.handler = pour
    async with resolver(server, authority) as over_https:
        with pytest.raises(BadAnswerError, match="more than"):
            await over_https.text(NAME)


@given(st.binary(max_size=600))
def test_bytes_of_a_stranger_are_an_answer_or_refused(wire: bytes) -> None:
    with contextlib.suppress(ResolutionError):
        decode_answer(wire, NAME, 0)


@given(st.data())
def test_a_changed_answer_is_read_or_refused(data: st.DataObject) -> None:
    question = dns.message.from_wire(encode_question(NAME, 7))
    answer = dns.message.make_response(question)
    answer.answer.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", "TXT", '"a b"', '"c"'))
    wire = bytearray(answer.to_wire())
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ResolutionError):
        decode_answer(bytes(wire), NAME, 7)


class Said:
    """A resolver that says one thing."""

    def __init__(self, says: list[bytes] | ResolutionError, *, authenticated: bool = False) -> None:
        self._says = says
        self._authenticated = authenticated

    async def text(self, name: str) -> TextRecords:
        if isinstance(self._says, ResolutionError):
            raise self._says
        return TextRecords(tuple(self._says), self._authenticated)

    async def close(self) -> None:
        pass


def quorum(*says: list[bytes] | ResolutionError, signed: bool = False, agreement: int = 2) -> Quorum:
    return Quorum(
        {str(number): Said(each) for number, each in enumerate(says)}, agreement=agreement, signed=signed
    )


async def test_a_record_counts_that_enough_resolvers_have() -> None:
    gone = NoRecordError("gone")
    assert (await quorum([b"a"], [b"a", b"forged"], gone).text(NAME)).values == (b"a",)
    assert (await quorum([b"a", b"a"], [b"a"]).text(NAME)).values == (b"a",)


async def test_one_resolver_forges_nothing() -> None:
    gone, down = NoRecordError("gone"), UnreachableError("down")
    with pytest.raises(DisagreementError):
        await quorum([b"a", b"a"], [b"b"]).text(NAME)
    with pytest.raises(DisagreementError):
        await quorum([b"a"], gone).text(NAME)
    with pytest.raises(NoRecordError):
        await quorum([b"a"], gone, gone).text(NAME)
    with pytest.raises(UnreachableError):
        await quorum([b"a"], down, down).text(NAME)


async def test_where_signatures_are_required_unsigned_records_do_not_count() -> None:
    with pytest.raises(UnsignedError):
        await quorum([b"a"], [b"a"], signed=True).text(NAME)
    both = {name: Said([b"a"], authenticated=True) for name in "ab"}
    assert (await Quorum(both, agreement=2, signed=True).text(NAME)).authenticated


@pytest.mark.parametrize(
    "settings",
    [
        {"resolvers": ("https://1.1.1.1/dns-query",)},
        {"resolvers": ("https://1.1.1.1/dns-query", "https://1.1.1.1/dns-query")},
        {"resolvers": ("https://1.1.1.1/a", "https://1.1.1.1/b")},
        {"resolvers": ("https://1.1.1.1/dns-query", "http://8.8.8.8/dns-query")},
        {"resolvers": ("https://1.1.1.1/dns-query", "https://user@8.8.8.8/dns-query")},
        {"agreement": 1},
        {"agreement": 3},
        {"timeout": 0.0},
        {"proof_lifetime": 31 * 24 * 3600.0},
        {"plain_resolver": "127.0.0.1"},
        {"plain_resolver": "127.0.0.1:99999"},
    ],
)
def test_settings_that_one_resolver_could_satisfy_alone_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"domains\."):
        DomainsConfig(**settings)  # type: ignore[arg-type]


async def test_what_is_for_development_is_refused_elsewhere(authority: Authority) -> None:
    for config in (DomainsConfig(plain_resolver="127.0.0.1:53"), DomainsConfig(certificates=authority.file)):
        with pytest.raises(ProvenError) as refused:
            resolver_for(config, development=False)
        assert refused.value.code is ErrorCode.BAD_REQUEST
        await resolver_for(config, development=True).close()
    await resolver_for(DomainsConfig(), development=False).close()


async def test_names_that_dns_cannot_have_are_refused() -> None:
    for name in ("a..b", "x" * 64 + ".example", "." * 3, "a" * 300):
        with pytest.raises(BadAnswerError):
            await PlainResolver("127.0.0.1", 1).text(name)
