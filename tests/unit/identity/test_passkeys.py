"""Passkeys: what each ceremony proves, and everything that it refuses."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from proven.identity import PasskeyLimits
from proven.identity._webauthn import PRF_SALT
from proven.identity.passkeys import ACCOUNTS, PASSKEYS
from proven.wire.commands import (
    MAX_CEREMONY,
    BeginAuthentication,
    BeginRegistration,
    FinishAuthentication,
    FinishRegistration,
    ListPasskeys,
    RemovePasskey,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId
from support.authenticator import EDDSA, ES256, RS256, VERIFIED, SoftwareAuthenticator, to_base64url
from support.sealed import OTHER_SEED, SEED
from unit.identity.people import APP_PAGE, PAGE, Node, Person, running_node, unwrap, wrap

ACCOUNT = IdentityKey.derive(SEED, None).identity
APPLICATION = ApplicationId("a" * 32)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path) as running:
        yield running


@pytest.fixture
def device() -> SoftwareAuthenticator:
    return SoftwareAuthenticator()


async def refusal(attempt: Awaitable[object]) -> ErrorCode:
    with pytest.raises(ProvenError) as refused:
        await attempt
    return refused.value.code


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
async def test_a_passkey_signs_in_and_gives_back_the_seed_that_it_alone_unwraps(
    node: Node, algorithm: int
) -> None:
    device = SoftwareAuthenticator(algorithm, synced=True)
    person = await node.open(seed=SEED)
    ceremony = await person.begin("my laptop")
    response = device.create(ceremony.options, PAGE)
    wrapped = wrap(SEED, device.credentials[0], ACCOUNT)
    made = await person.do(
        FinishRegistration(ceremony=ceremony.ceremony, response=response, wrapped_seed=wrapped)
    )
    assert (made.label, made.holds_seed, made.synced, made.used_at) == ("my laptop", True, True, None)
    node.clock.now += 60
    visitor = await node.open()
    result = await visitor.sign_in(device)
    assert (result.account, result.passkey) == (ACCOUNT, made.id)
    assert visitor.session.identity is None
    assert result.wrapped_seed is not None
    assert visitor.identify(unwrap(result.wrapped_seed, device.credentials[0], ACCOUNT)) == ACCOUNT
    (listed,) = (await visitor.do(ListPasskeys())).passkeys
    assert (listed.id, listed.used_at) == (made.id, int(node.clock.now * 1000))


async def test_the_options_ask_for_a_discoverable_passkey_with_prf_and_a_verified_user(node: Node) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin("laptop")
    options = json.loads(ceremony.options)
    assert options["rp"] == {"id": "node.example", "name": "Proven"}
    assert base64.urlsafe_b64decode(options["user"]["id"] + "===") == ACCOUNT.encode()
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [ES256, EDDSA, RS256]
    assert options["attestation"] == "none"
    assert options["extensions"] == {"prf": {"eval": {"first": to_base64url(PRF_SALT)}}}
    assert (ceremony.expires_in, options["timeout"]) == (300, 300_000)
    asked = json.loads((await person.do(BeginAuthentication())).options)
    assert (asked["rpId"], asked["userVerification"]) == ("node.example", "required")
    assert asked.get("allowCredentials", []) == []
    assert asked["extensions"] == options["extensions"]
    assert len({options["challenge"], asked["challenge"]}) == 2


async def test_an_account_has_several_passkeys_and_no_authenticator_two_of_them(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person = await node.open(seed=SEED)
    first = await person.register(device)
    with pytest.raises(ValueError, match="InvalidStateError"):
        await person.register(device)
    phone = SoftwareAuthenticator(counts=False)
    second = await person.register(phone, label="phone")
    listed = (await person.do(ListPasskeys())).passkeys
    assert [each.id for each in listed] == [first.id, second.id]
    for each in (device, phone, phone):
        assert (await (await node.open()).sign_in(each)).account == ACCOUNT


async def test_self_attestation_is_accepted_and_certificates_are_not(node: Node) -> None:
    person = await node.open(seed=SEED)
    await person.register(SoftwareAuthenticator(), attestation="packed")
    lies: list[dict[str, Any]] = [
        {"attestation": "packed", "statement": {"x5c": [b"certificate"]}},
        {"attestation": "fido-u2f"},
        {"attestation": "tpm"},
        {"attestation": "unheard-of"},
    ]
    for lie in lies:
        assert await refusal(person.register(SoftwareAuthenticator(), **lie)) is ErrorCode.BAD_REQUEST
    lie = {"attestation": "packed", "statement": {"sig": b"x" * 70}}
    assert await refusal(person.register(SoftwareAuthenticator(), **lie)) in (
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.BAD_REQUEST,
    )


# Who may run a ceremony.


async def test_registering_needs_an_identity(node: Node, device: SoftwareAuthenticator) -> None:
    person = await node.open()
    assert await refusal(person.begin()) is ErrorCode.NO_IDENTITY
    person.identify(SEED)
    ceremony = await person.begin()
    person.session.anonymize()
    finish = FinishRegistration(ceremony=ceremony.ceremony, response=device.create(ceremony.options, PAGE))
    assert await refusal(person.do(finish)) is ErrorCode.NO_IDENTITY


async def test_a_passkey_is_never_added_to_another_account_than_it_was_begun_for(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin()
    person.identify(OTHER_SEED)
    finish = FinishRegistration(ceremony=ceremony.ceremony, response=device.create(ceremony.options, PAGE))
    assert await refusal(person.do(finish)) is ErrorCode.FORBIDDEN
    assert (await person.do(ListPasskeys())).passkeys == ()


@pytest.mark.parametrize("command", [BeginRegistration(label="x"), BeginAuthentication()])
async def test_ceremonies_are_for_management_sessions_of_the_sign_in_page(node: Node, command: Any) -> None:
    inside = await node.open(application_id=APPLICATION, seed=SEED)
    assert await refusal(inside.do(command)) is ErrorCode.FORBIDDEN
    for origin in (None, APP_PAGE, f"{PAGE}:8443", f"{PAGE}.evil.example", "null"):
        elsewhere = await node.open(origin=origin, seed=SEED)
        assert await refusal(elsewhere.do(command)) is ErrorCode.ORIGIN_DENIED


@pytest.mark.parametrize("command", [ListPasskeys(), RemovePasskey(passkey="AAAA")])
async def test_passkeys_are_managed_by_whoever_they_belong_to(node: Node, command: Any) -> None:
    assert await refusal((await node.open()).do(command)) is ErrorCode.NO_IDENTITY
    inside = await node.open(application_id=APPLICATION, seed=SEED)
    assert await refusal(inside.do(command)) is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("label", [" ", "a\nb", "\u202etfel", "\0"])
async def test_a_label_can_be_shown(node: Node, label: str) -> None:
    person = await node.open(seed=SEED)
    assert await refusal(person.begin(label)) is ErrorCode.BAD_REQUEST


# A ceremony works once, in its session, for five minutes.


async def test_a_finished_ceremony_cannot_be_finished_again(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin()
    finish = FinishRegistration(ceremony=ceremony.ceremony, response=device.create(ceremony.options, PAGE))
    await person.do(finish)
    assert await refusal(person.do(finish)) is ErrorCode.NOT_FOUND
    ceremony = await person.do(BeginAuthentication())
    used = FinishAuthentication(ceremony=ceremony.ceremony, response=device.get(ceremony.options, PAGE))
    await person.do(used)
    assert await refusal(person.do(used)) is ErrorCode.NOT_FOUND


async def test_a_failed_ceremony_is_over_too(node: Node, device: SoftwareAuthenticator) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin()
    response = device.create(ceremony.options, PAGE)
    bad = FinishRegistration(ceremony=ceremony.ceremony, response="{}")
    assert await refusal(person.do(bad)) is ErrorCode.BAD_REQUEST
    good = FinishRegistration(ceremony=ceremony.ceremony, response=response)
    assert await refusal(person.do(good)) is ErrorCode.NOT_FOUND


async def test_a_response_to_another_ceremony_is_worth_nothing(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person = await node.open(seed=SEED)
    await person.register(device)
    first, second = [await person.do(BeginAuthentication()) for _ in range(2)]
    replayed = FinishAuthentication(ceremony=second.ceremony, response=device.get(first.options, PAGE))
    assert await refusal(person.do(replayed)) is ErrorCode.UNAUTHENTICATED
    first, second = [await person.begin() for _ in range(2)]
    response = SoftwareAuthenticator().create(first.options, PAGE)
    misplaced = FinishRegistration(ceremony=second.ceremony, response=response)
    assert await refusal(person.do(misplaced)) is ErrorCode.UNAUTHENTICATED


async def test_a_ceremony_belongs_to_the_session_that_began_it(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person, thief = await node.open(seed=SEED), await node.open(seed=SEED)
    ceremony = await person.begin()
    finish = FinishRegistration(ceremony=ceremony.ceremony, response=device.create(ceremony.options, PAGE))
    assert await refusal(thief.do(finish)) is ErrorCode.NOT_FOUND
    await person.do(finish)


async def test_a_ceremony_is_of_one_kind(node: Node, device: SoftwareAuthenticator) -> None:
    person = await node.open(seed=SEED)
    begun = await person.do(BeginAuthentication())
    assert (
        await refusal(person.do(FinishRegistration(ceremony=begun.ceremony, response="{}")))
        is ErrorCode.NOT_FOUND
    )
    begun = await person.begin()
    assert (
        await refusal(person.do(FinishAuthentication(ceremony=begun.ceremony, response="{}")))
        is ErrorCode.NOT_FOUND
    )


async def test_a_ceremony_expires(node: Node, device: SoftwareAuthenticator) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin()
    response = device.create(ceremony.options, PAGE)
    node.clock.now += 300
    finish = FinishRegistration(ceremony=ceremony.ceremony, response=response)
    assert await refusal(person.do(finish)) is ErrorCode.NOT_FOUND


async def test_a_session_keeps_its_newest_ceremonies(node: Node, device: SoftwareAuthenticator) -> None:
    person = await node.open(seed=SEED)
    begun = [await person.begin() for _ in range(5)]
    answers = [
        FinishRegistration(
            ceremony=each.ceremony, response=SoftwareAuthenticator().create(each.options, PAGE)
        )
        for each in begun
    ]
    assert await refusal(person.do(answers[0])) is ErrorCode.NOT_FOUND
    for answer in answers[1:]:
        await person.do(answer)


async def test_ceremonies_are_bounded_over_all_sessions(tmp_path: Path) -> None:
    async with running_node(tmp_path, PasskeyLimits(ceremonies=3)) as node:
        people = [await node.open() for _ in range(4)]
        for person in people[:3]:
            await person.do(BeginAuthentication())
        assert await refusal(people[3].do(BeginAuthentication())) is ErrorCode.OVERLOADED
        node.clock.now += 300
        await people[3].do(BeginAuthentication())


async def test_no_source_alone_keeps_others_from_signing_in(tmp_path: Path) -> None:
    async with running_node(tmp_path, PasskeyLimits(ceremonies_per_source=2)) as node:
        flood = [await node.open(source=f"2001:db8::{index}") for index in range(3)]
        for person in flood[:2]:
            await person.do(BeginAuthentication())
        assert await refusal(flood[2].do(BeginAuthentication())) is ErrorCode.OVERLOADED
        begun = await (await node.open(source="2001:db8:0:1::1")).do(BeginAuthentication())
        assert begun.expires_in == 300
        node.clock.now += 300
        await flood[2].do(BeginAuthentication())


async def test_new_accounts_are_limited_by_where_they_come_from(tmp_path: Path) -> None:
    limits = PasskeyLimits(account_rate_per_source=0.1, account_burst_per_source=2)
    async with running_node(tmp_path, limits) as node:
        device = SoftwareAuthenticator()
        await (await node.open(seed=SEED)).register(device)
        await (await node.open(seed=bytes(32))).begin()
        third = await node.open(seed=OTHER_SEED)
        assert await refusal(third.begin()) is ErrorCode.OVERLOADED
        await (await node.open(seed=OTHER_SEED, source="192.0.2.2")).begin()
        await (await node.open(seed=SEED)).register(SoftwareAuthenticator())
        node.clock.now += 10
        await third.begin()


# What a response has to prove.

Lie = dict[str, Any]

NOT_ACCEPTED: dict[str, tuple[Lie, ErrorCode]] = {
    "another page": ({"client_data": {"origin": "https://evil.example"}}, ErrorCode.ORIGIN_DENIED),
    "a page of the application": ({"client_data": {"origin": APP_PAGE}}, ErrorCode.ORIGIN_DENIED),
    "no page": ({"client_data": {"origin": None}}, ErrorCode.BAD_REQUEST),
    "framed by a stranger": (
        {"client_data": {"crossOrigin": True, "topOrigin": "https://evil.example"}},
        ErrorCode.ORIGIN_DENIED,
    ),
    "framed and not framed": ({"client_data": {"topOrigin": APP_PAGE}}, ErrorCode.BAD_REQUEST),
    "framed by nonsense": ({"client_data": {"crossOrigin": True, "topOrigin": 1}}, ErrorCode.BAD_REQUEST),
    "half framed": ({"client_data": {"crossOrigin": "true"}}, ErrorCode.BAD_REQUEST),
    "another relying party": ({"rp_id": "evil.example"}, ErrorCode.UNAUTHENTICATED),
    "another challenge": ({"client_data": {"challenge": to_base64url(bytes(32))}}, ErrorCode.UNAUTHENTICATED),
    "another type": ({"client_data": {"type": "payment.get"}}, ErrorCode.UNAUTHENTICATED),
    "user not verified": ({"flags": lambda flags: flags & ~VERIFIED}, ErrorCode.UNAUTHENTICATED),
    "user not present": ({"flags": lambda flags: flags & ~1}, ErrorCode.UNAUTHENTICATED),
    "backed up but not to be": ({"flags": lambda flags: flags | 0x10}, ErrorCode.UNAUTHENTICATED),
    "the output of PRF": (
        {"extensions": {"prf": {"results": {"first": "AA"}}}},
        ErrorCode.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("case", NOT_ACCEPTED)
async def test_a_registration_that_proves_too_little_is_refused(node: Node, case: str) -> None:
    lie, code = NOT_ACCEPTED[case]
    person = await node.open(seed=SEED)
    assert await refusal(person.register(SoftwareAuthenticator(), **lie)) is code
    assert (await person.do(ListPasskeys())).passkeys == ()


@pytest.mark.parametrize("case", NOT_ACCEPTED)
async def test_an_authentication_that_proves_too_little_is_refused(
    node: Node, device: SoftwareAuthenticator, case: str
) -> None:
    lie, code = NOT_ACCEPTED[case]
    await (await node.open(seed=SEED)).register(device)
    assert await refusal((await node.open()).sign_in(device, **lie)) is code


async def test_a_page_that_may_frame_the_sign_in_page_may_be_at_the_top(
    node: Node, device: SoftwareAuthenticator
) -> None:
    framed = {"client_data": {"crossOrigin": True, "topOrigin": APP_PAGE}}
    await (await node.open(seed=SEED)).register(device, **framed)
    await (await node.open()).sign_in(device, **framed)
    await (await node.open()).sign_in(device, client_data={"crossOrigin": True})
    await (await node.open()).sign_in(device, client_data={"crossOrigin": True, "topOrigin": PAGE})


BAD_KEYS: dict[str, bytes] = {
    "no point of the curve": cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32}),
    "another curve": cbor2.dumps({1: 2, 3: ES256, -1: 2, -2: bytes(48), -3: bytes(48)}),
    "a short key": cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: bytes(31)}),
    "an algorithm not asked for": cbor2.dumps({1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}),
    "an algorithm of another kind of key": cbor2.dumps({1: 1, 3: RS256, -1: 6, -2: bytes(32)}),
    "a small modulus": cbor2.dumps({1: 3, 3: RS256, -1: b"\xff" * 128, -2: b"\1\0\1"}),
    "a huge modulus": cbor2.dumps({1: 3, 3: RS256, -1: b"\xff" * 900, -2: b"\1\0\1"}),
    "an expensive exponent": cbor2.dumps({1: 3, 3: RS256, -1: b"\xff" * 256, -2: b"\xff" * 256}),
    "no map": cbor2.dumps(4),
    "text": cbor2.dumps("key"),
    "nothing": cbor2.dumps({}),
}


@pytest.mark.parametrize("case", BAD_KEYS)
async def test_a_key_that_could_not_verify_anything_is_not_stored(node: Node, case: str) -> None:
    person = await node.open(seed=SEED)
    code = await refusal(person.register(SoftwareAuthenticator(), cose_key=BAD_KEYS[case]))
    assert code in (ErrorCode.BAD_REQUEST, ErrorCode.UNAUTHENTICATED)
    assert (await person.do(ListPasskeys())).passkeys == ()


async def test_a_modulus_of_4096_bits_is_fine(node: Node) -> None:
    device = SoftwareAuthenticator(RS256)
    person = await node.open(seed=SEED)
    await person.register(device, key=rsa.generate_private_key(65537, 4096))
    await person.sign_in(device)


@pytest.mark.parametrize(("size", "fits"), [(15, False), (16, True), (1023, True), (1024, False)])
async def test_the_id_of_a_passkey_has_a_size(node: Node, size: int, fits: bool) -> None:
    person = await node.open(seed=SEED)
    registering = person.register(SoftwareAuthenticator(), id=b"i" * size)
    if fits:
        assert len((await registering).id) <= 1366
    else:
        assert await refusal(registering) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("wrapped", [b"\x01", b"\x02" + bytes(60), b"\x01" + bytes(59), b"\x01" + bytes(61)])
async def test_a_wrapped_seed_has_its_form(node: Node, device: SoftwareAuthenticator, wrapped: bytes) -> None:
    person = await node.open(seed=SEED)
    assert await refusal(person.register(device, wrapped_seed=wrapped)) is ErrorCode.BAD_REQUEST


async def test_a_response_is_bounded(node: Node) -> None:
    person = await node.open(seed=SEED)
    ceremony = await person.begin()
    huge = FinishRegistration(ceremony=ceremony.ceremony, response=" " * (MAX_CEREMONY + 1))
    assert await refusal(person.do(huge)) is ErrorCode.TOO_LARGE


# A passkey that is not known, and one that does not sign what it should, are refused alike.


async def test_unknown_foreign_and_forging_passkeys_are_refused_alike(
    node: Node, device: SoftwareAuthenticator
) -> None:
    await (await node.open(seed=SEED)).register(device)
    other = SoftwareAuthenticator()
    await (await node.open(seed=OTHER_SEED)).register(other)
    stranger = SoftwareAuthenticator()
    ceremony = await (await node.open(seed=bytes(32))).begin()
    stranger.create(ceremony.options, PAGE)
    forger = SoftwareAuthenticator()
    ceremony = await (await node.open(seed=bytes(32))).begin()
    forger.create(ceremony.options, PAGE, id=device.credentials[0].id)

    async def said(attempt: Awaitable[object]) -> tuple[ErrorCode, str, object]:
        with pytest.raises(ProvenError) as refused:
            await attempt
        return refused.value.code, refused.value.message, refused.value.details

    visitor = await node.open()
    refusals = {
        await said(visitor.sign_in(stranger)),
        await said(visitor.sign_in(forger)),
        await said(visitor.sign_in(device, signature=b"")),
        await said(visitor.sign_in(device, signature=bytes(70))),
        await said(visitor.sign_in(device, user_handle=other.credentials[0].user_handle)),
        await said(visitor.sign_in(device, user_handle=b"")),
        await said(visitor.sign_in(device, rp_id="evil.example")),
    }
    assert len(refusals) == 1
    assert next(iter(refusals))[0] is ErrorCode.UNAUTHENTICATED


async def test_a_passkey_that_counts_backwards_is_refused_and_nothing_is_learned_from_it(
    node: Node, device: SoftwareAuthenticator
) -> None:
    wrapped = None
    person = await node.open(seed=SEED)
    await person.register(device, wrapped_seed=wrapped)
    visitor = await node.open()
    await visitor.sign_in(device, sign_count=7)
    for count in (7, 6, 0):
        assert await refusal(visitor.sign_in(device, sign_count=count)) is ErrorCode.FORBIDDEN
    forged = {"sign_count": 1, "signature": bytes(70)}
    assert await refusal(visitor.sign_in(device, **forged)) is ErrorCode.UNAUTHENTICATED
    await visitor.sign_in(device, sign_count=8)


async def test_a_passkey_that_is_known_cannot_be_added_again_by_anyone(
    node: Node, device: SoftwareAuthenticator
) -> None:
    await (await node.open(seed=SEED)).register(device)
    thief = await node.open(seed=OTHER_SEED)
    attempt = thief.register(SoftwareAuthenticator(), id=device.credentials[0].id)
    assert await refusal(attempt) is ErrorCode.CONFLICT
    assert (await (await node.open()).sign_in(device)).account == ACCOUNT


# Removing.


async def test_a_removed_passkey_signs_nobody_in_and_ends_other_sessions(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person, elsewhere = await node.open(seed=SEED), await node.open(seed=SEED)
    stranger = await node.open(seed=OTHER_SEED)
    inside = await node.open(application_id=APPLICATION, seed=SEED)
    stolen = await person.register(device)
    kept = SoftwareAuthenticator()
    await person.register(kept)
    await person.do(RemovePasskey(passkey=stolen.id))
    assert elsewhere.session.closed.is_set()
    assert not any(each.session.closed.is_set() for each in (person, stranger, inside))
    assert await refusal((await node.open()).sign_in(device)) is ErrorCode.UNAUTHENTICATED
    assert (await (await node.open()).sign_in(kept)).account == ACCOUNT
    assert await refusal(person.do(RemovePasskey(passkey=stolen.id))) is ErrorCode.NOT_FOUND


async def test_the_last_passkey_and_the_last_that_holds_the_seed_stay(node: Node) -> None:
    person = await node.open(seed=SEED)
    holding, plain, third = (SoftwareAuthenticator() for _ in range(3))
    first = await person.register(holding, wrapped_seed=b"\x01" + bytes(60))
    assert await refusal(person.do(RemovePasskey(passkey=first.id))) is ErrorCode.CONFLICT
    second = await person.register(plain)
    assert await refusal(person.do(RemovePasskey(passkey=first.id))) is ErrorCode.CONFLICT
    await person.register(third, wrapped_seed=b"\x01" + bytes(60))
    await person.do(RemovePasskey(passkey=first.id))
    await person.do(RemovePasskey(passkey=second.id))
    assert len((await person.do(ListPasskeys())).passkeys) == 1


async def test_nobody_removes_the_passkey_of_another(node: Node, device: SoftwareAuthenticator) -> None:
    made = await (await node.open(seed=SEED)).register(device)
    thief = await node.open(seed=OTHER_SEED)
    await thief.register(SoftwareAuthenticator())
    for passkey in (made.id, "A", "AB", "A" * 1366):
        assert await refusal(thief.do(RemovePasskey(passkey=passkey))) is ErrorCode.NOT_FOUND
    assert (await (await node.open()).sign_in(device)).account == ACCOUNT


# Accounts change by compare-and-set.


async def test_passkeys_added_at_once_are_all_kept_up_to_the_limit(node: Node) -> None:
    people = [await node.open(seed=SEED) for _ in range(12)]
    ceremonies = [await person.begin() for person in people]

    async def finish(person: Person, index: int) -> ErrorCode | None:
        response = SoftwareAuthenticator().create(ceremonies[index].options, PAGE)
        try:
            await person.do(FinishRegistration(ceremony=ceremonies[index].ceremony, response=response))
        except ProvenError as error:
            return error.code
        return None

    outcomes = await asyncio.gather(*(finish(person, index) for index, person in enumerate(people)))
    kept = len((await people[0].do(ListPasskeys())).passkeys)
    assert outcomes.count(None) == kept <= 10
    assert set(outcomes) <= {None, ErrorCode.QUOTA_EXCEEDED, ErrorCode.OVERLOADED}
    while kept < 10:
        await people[0].register(SoftwareAuthenticator())
        kept += 1
    assert await refusal(people[0].begin()) is ErrorCode.QUOTA_EXCEEDED


async def test_what_a_crash_left_between_index_and_account_is_no_passkey_and_stops_nobody(
    node: Node, device: SoftwareAuthenticator
) -> None:
    person = await node.open(seed=SEED)
    made = await person.register(device)
    await person.register(SoftwareAuthenticator())
    index = (await node.engine.registers.entries(PASSKEYS))[0:2]
    await person.do(RemovePasskey(passkey=made.id))
    for entry in index:
        if await node.engine.registers.get(PASSKEYS, entry.key) is None:
            assert entry.value is not None
            await node.engine.registers.put(PASSKEYS, entry.key, entry.value)
    assert await refusal((await node.open()).sign_in(device)) is ErrorCode.UNAUTHENTICATED
    again = SoftwareAuthenticator()
    await person.register(again, id=device.credentials[0].id)
    assert (await (await node.open()).sign_in(again)).account == ACCOUNT


async def test_a_node_that_starts_again_knows_its_people(
    tmp_path: Path, device: SoftwareAuthenticator
) -> None:
    async with running_node(tmp_path) as node:
        await (await node.open(seed=SEED)).register(device)
    async with running_node(tmp_path) as node:
        assert (await (await node.open()).sign_in(device)).account == ACCOUNT


async def test_nothing_works_while_the_engine_is_down_and_nothing_is_given_out(
    tmp_path: Path, device: SoftwareAuthenticator
) -> None:
    async with running_node(tmp_path) as node:
        person = await node.open(seed=SEED)
        await person.register(device)
        begun = await person.begin()
        await node.engine.stop()
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: person.sign_in(device),
            lambda: person.do(ListPasskeys()),
            lambda: person.begin(),
            lambda: person.do(RemovePasskey(passkey="AAAA")),
            lambda: person.do(
                FinishRegistration(
                    ceremony=begun.ceremony, response=SoftwareAuthenticator().create(begun.options, PAGE)
                )
            ),
        ]
        for attempt in attempts:
            assert await refusal(attempt()) is ErrorCode.UNAVAILABLE


async def test_an_account_that_cannot_be_read_is_not_taken_for_a_new_one(node: Node) -> None:
    await node.engine.registers.put(ACCOUNTS, ACCOUNT, b"garbage")
    assert await refusal((await node.open(seed=SEED)).begin()) is ErrorCode.UNAVAILABLE
