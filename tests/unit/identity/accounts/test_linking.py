"""An account is linked by whoever holds its key and asked for the challenge, and by nobody else."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.identity.accounts import radix
from proven.identity.accounts.challenges import LIFETIME
from proven.identity.accounts.records import MAX_ACCOUNTS
from proven.wire.commands import AccountKind, FinishLink, Identify, LinkChallenge
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, identify_message
from proven.wire.session import ClientHandshake
from support.account_linking import (
    ADDRESS,
    APPLICATION,
    BITCOIN,
    ETHEREUM,
    KINDS,
    OTHER_APPLICATION,
    OTHER_PAGE,
    PAGE,
    PROVE,
    Node,
    Person,
    filled,
    linking_node,
    prove_bitcoin,
    prove_ethereum,
    prove_radix,
)
from support.account_vectors import EthereumWallet, RadixWallet, Wallet, owner_keys
from support.sealed import OTHER_SEED, SEED


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with linking_node(tmp_path) as running:
        yield running


@pytest.fixture
async def person(node: Node) -> Person:
    return await node.open()


async def refused(person: Person, challenge: LinkChallenge, proof: str) -> ProvenError:
    """The refusal of a proof, after which nothing is linked."""
    with pytest.raises(ProvenError) as error:
        await person.finish(challenge, proof)
    if person.session.identity is not None and person.session.application_id is not None:
        assert await person.linked() == []
    return error.value


@pytest.mark.parametrize("kind", KINDS)
async def test_an_account_is_linked_by_its_key(node: Node, person: Person, kind: AccountKind) -> None:
    summary = await person.link(kind)
    assert (summary.address, summary.kind) == (ADDRESS[kind], kind)
    assert summary.linked_at == int(node.clock.now * 1000)
    assert await person.linked() == [ADDRESS[kind]]
    assert (await person.who_am_i()).accounts == (ADDRESS[kind],)
    assert await node.accounts.addresses(person.session) == (ADDRESS[kind],)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_challenge_works_once(person: Person, kind: AccountKind) -> None:
    challenge = await person.begin(kind)
    proof = PROVE[kind](challenge)
    await person.finish(challenge, proof)
    await person.unlink(ADDRESS[kind])
    assert (await refused(person, challenge, proof)).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bad_proof_uses_the_challenge_up(person: Person, kind: AccountKind) -> None:
    challenge = await person.begin(kind)
    assert (await refused(person, challenge, "{}")).code is ErrorCode.BAD_REQUEST
    assert (await refused(person, challenge, PROVE[kind](challenge))).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("kind", KINDS)
async def test_a_challenge_expires(node: Node, person: Person, kind: AccountKind) -> None:
    challenge = await person.begin(kind)
    assert challenge.expires_in == LIFETIME
    node.clock.now += LIFETIME
    assert (await refused(person, challenge, PROVE[kind](challenge))).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "thief",
    [
        {"seed": OTHER_SEED},
        {"origin": OTHER_PAGE},
        {"origin": PAGE + ":8443"},
        {"origin": "http://todo.example"},
        {"application_id": OTHER_APPLICATION},
    ],
    ids=["identity", "origin", "port", "scheme", "application"],
)
async def test_a_proof_is_of_no_use_to_another(
    node: Node, person: Person, kind: AccountKind, thief: dict[str, object]
) -> None:
    challenge = await person.begin(kind)
    proof = PROVE[kind](challenge)
    other = await node.open(**thief)  # type: ignore[arg-type]
    assert (await refused(other, challenge, proof)).code is ErrorCode.UNAUTHENTICATED
    assert (await refused(other, await other.begin(kind), proof)).code is ErrorCode.UNAUTHENTICATED
    assert (await person.finish(challenge, proof)).address == ADDRESS[kind]


@pytest.mark.parametrize(("kind", "other"), list(itertools.permutations(KINDS, 2)))
async def test_a_proof_of_one_kind_answers_no_challenge_of_another(
    person: Person, kind: AccountKind, other: AccountKind
) -> None:
    asked, meant = await person.begin(kind), await person.begin(other)
    error = await refused(person, asked, PROVE[other](meant))
    assert error.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proof_for_one_challenge_answers_no_other(person: Person, kind: AccountKind) -> None:
    first, second = await person.begin(kind), await person.begin(kind)
    assert (await refused(person, second, PROVE[kind](first))).code is ErrorCode.UNAUTHENTICATED


async def test_a_challenge_that_nobody_gave_out_is_refused(person: Person) -> None:
    challenge = LinkChallenge(challenge="ab" * 32, origin=PAGE, expires_in=300)
    assert (await refused(person, challenge, prove_radix(challenge))).code is ErrorCode.UNAUTHENTICATED


async def test_who_is_nobody_links_nothing(node: Node) -> None:
    anonymous = await node.open(None)
    manager = await node.open(application_id=None)
    nowhere = await node.open(origin=None)
    strange = await node.open(origin="chrome-extension://abcdef")
    for person, code in (
        (anonymous, ErrorCode.NO_IDENTITY),
        (manager, ErrorCode.FORBIDDEN),
        (nowhere, ErrorCode.BAD_REQUEST),
    ):
        with pytest.raises(ProvenError) as begun:
            await person.begin("radix")
        with pytest.raises(ProvenError) as finished:
            await person.do(FinishLink(challenge="00" * 32, proof="{}"))
        assert (begun.value.code, finished.value.code) == (code, code)
    for person in (anonymous, manager):
        with pytest.raises(ProvenError):
            await person.linked()
        with pytest.raises(ProvenError):
            await person.unlink("x")
        assert (await person.who_am_i()).accounts == ()
    with pytest.raises(ProvenError, match="http or https"):
        await strange.begin("ethereum")


@pytest.mark.parametrize("origin", ["null", "https://a b", "https://", "https://u@a.example", "https://a/b"])
async def test_an_origin_that_is_none_cannot_ask(node: Node, origin: str) -> None:
    with pytest.raises(ProvenError) as error:
        await (await node.open(origin=origin)).begin("ethereum")
    assert error.value.code is ErrorCode.BAD_REQUEST


async def test_several_identities_may_link_the_same_account(node: Node) -> None:
    for seed, application in itertools.product((SEED, OTHER_SEED), (APPLICATION, OTHER_APPLICATION)):
        person = await node.open(seed, application_id=application)
        await person.link("bitcoin")
        assert await person.linked() == [BITCOIN.address]


async def test_the_same_key_in_two_applications_has_accounts_of_its_own_in_each(node: Node) -> None:
    here = await node.open()
    there = await node.open(None, application_id=OTHER_APPLICATION)
    await here.link("ethereum")

    key = IdentityKey.derive(SEED, APPLICATION)
    signature = key._private_key.sign(identify_message(OTHER_APPLICATION, there.channel.transcript))
    assert there.session.identify(Identify(public_key=key.public_key, signature=signature)) == key.identity
    assert await there.linked() == []
    assert (await there.who_am_i()).accounts == ()


async def test_linking_twice_is_once(node: Node, person: Person) -> None:
    first = await person.link("radix")
    node.clock.now += 60
    assert await person.link("radix") == first
    assert await person.linked() == [first.address]


async def test_only_what_is_linked_is_unlinked(person: Person) -> None:
    await person.link("radix")
    with pytest.raises(ProvenError) as error:
        await person.unlink(ETHEREUM.address)
    assert error.value.code is ErrorCode.NOT_FOUND
    await person.unlink(ADDRESS["radix"])
    assert await person.linked() == []
    with pytest.raises(ProvenError):
        await person.unlink(ADDRESS["radix"])


async def test_there_is_an_end_to_accounts(person: Person) -> None:
    wallets = [Wallet(bytes((number,)) * 32) for number in range(1, MAX_ACCOUNTS + 2)]
    for wallet in wallets[:-1]:
        challenge = await person.begin("bitcoin")
        await person.finish(challenge, prove_bitcoin(challenge, wallet))
    challenge = await person.begin("bitcoin")
    with pytest.raises(ProvenError) as error:
        await person.finish(challenge, prove_bitcoin(challenge, wallets[-1]))
    assert error.value.code is ErrorCode.QUOTA_EXCEEDED
    assert len(await person.linked()) == MAX_ACCOUNTS


async def test_accounts_linked_at_once_are_all_kept(node: Node) -> None:
    people = [await node.open() for _ in range(4)]
    wallets = [Wallet(bytes((number,)) * 32) for number in range(1, 5)]
    challenges = [await person.begin("bitcoin") for person in people]
    await asyncio.gather(
        *(
            person.finish(challenge, prove_bitcoin(challenge, wallet))
            for person, challenge, wallet in zip(people, challenges, wallets, strict=True)
        )
    )
    assert set(await people[0].linked()) == {wallet.address for wallet in wallets}
    for person in people:
        assert set(person.session.accounts or ()) == {wallet.address for wallet in wallets}


async def test_every_session_of_the_identity_knows_at_once_and_no_other(node: Node, person: Person) -> None:
    tab, stranger = await node.open(), await node.open(OTHER_SEED)
    for each in (tab, stranger):
        assert (await each.who_am_i()).accounts == ()
    await person.link("ethereum")
    assert tab.session.accounts == (ETHEREUM.address,)
    assert stranger.session.accounts == ()
    await tab.unlink(ETHEREUM.address)
    assert person.session.accounts == ()


async def test_a_session_that_acts_as_another_forgets_the_accounts(person: Person) -> None:
    await person.link("ethereum")
    person.identify(OTHER_SEED)
    assert (await person.who_am_i()).accounts == ()
    person.identify(SEED)
    assert (await person.who_am_i()).accounts == (ETHEREUM.address,)
    person.session.anonymize()
    assert person.session.accounts is None
    assert (await person.who_am_i()).accounts == ()


async def test_a_resumed_session_has_the_accounts(node: Node) -> None:
    handshake = ClientHandshake(APPLICATION, origin=PAGE)
    person = await node.open(handshake=handshake)
    await person.link("radix")
    ticket = node.sessions.issue_ticket(person.session).ticket
    resuming = ClientHandshake(APPLICATION, origin=PAGE, private_key=handshake.private_key, resumption=ticket)
    again = await node.open(None, handshake=resuming)
    assert (await again.who_am_i()).accounts == (ADDRESS["radix"],)


async def test_accounts_are_read_from_the_engine_once(node: Node, person: Person) -> None:
    await person.link("radix")
    await node.engine.stop()
    assert await node.accounts.addresses(person.session) == (ADDRESS["radix"],)


async def test_a_late_answer_never_hides_a_later_state(person: Person) -> None:
    identity = person.session.identity
    assert identity is not None
    person.session.remember_accounts(identity, 7, ("new",))
    person.session.remember_accounts(identity, 3, ("old",))
    assert person.session.accounts == ("new",)


async def test_accounts_outlive_the_node(tmp_path: Path) -> None:
    async with linking_node(tmp_path) as node:
        await (await node.open()).link("ethereum")
    async with linking_node(tmp_path) as node:
        assert (await (await node.open()).who_am_i()).accounts == (ETHEREUM.address,)


async def test_the_message_says_what_is_linked_to_what_and_where(person: Person) -> None:
    challenge = await person.begin("ethereum")
    assert filled(challenge, ETHEREUM.address, 10).split("\n") == [
        "todo.example wants you to sign in with your Ethereum account:",
        ETHEREUM.address,
        "",
        "Link this Ethereum account to todo.",
        "",
        "URI: https://todo.example",
        "Version: 1",
        "Chain ID: 10",
        f"Nonce: {challenge.challenge}",
        "Issued At: 2023-11-14T22:13:20.250Z",
        "Expiration Time: 2023-11-14T22:18:20.250Z",
        "Resources:",
        f"- urn:proven:application:{APPLICATION}",
    ]
    challenge = await person.begin("bitcoin")
    assert filled(challenge, BITCOIN.address).split("\n") == [
        "https://todo.example wants to link a Bitcoin account:",
        BITCOIN.address,
        "",
        "Link this Bitcoin account to todo.",
        "",
        f"Application: urn:proven:application:{APPLICATION}",
        f"Nonce: {challenge.challenge}",
        "Issued At: 2023-11-14T22:13:20.250Z",
        "Expiration Time: 2023-11-14T22:18:20.250Z",
    ]
    assert (await person.begin("radix")).message is None


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://[::1]:8080", "https://a.example:444"])
async def test_pages_of_other_schemes_and_ports_link_too(node: Node, origin: str) -> None:
    person = await node.open(origin=origin)
    for kind in KINDS:
        await person.link(kind)
    challenge = await person.begin("ethereum")
    domain = origin.removeprefix("https://")
    assert filled(challenge, ETHEREUM.address).startswith(f"{domain} wants you to sign in")


ALTERATIONS = [
    ("domain", "todo.example wants", "evil.example wants"),
    ("scheme", "todo.example wants", "https://todo.example wants"),
    ("statement", "Link this", "Do not link this"),
    ("uri", "URI: https://todo.example", "URI: https://evil.example"),
    ("chain id", "Chain ID: 1", "Chain ID: 01"),
    ("nonce", "Nonce: ", "Nonce: 0"),
    ("issued at", "22:13:20", "22:13:21"),
    ("expiration time", "22:18:20.250Z", "23:18:20.250Z"),
    ("not before", "\nResources:", "\nNot Before: 2023-11-14T22:13:20Z\nResources:"),
    ("request id", "\nResources:", "\nRequest ID: x\nResources:"),
    ("resources", "\n- urn", "\n- https://evil.example\n- urn"),
]


@pytest.mark.parametrize(("name", "before", "after"), ALTERATIONS, ids=[name for name, *_ in ALTERATIONS])
async def test_every_field_of_a_message_is_the_nodes(
    person: Person, name: str, before: str, after: str
) -> None:
    challenge = await person.begin("ethereum")
    message = filled(challenge, ETHEREUM.address)
    assert before in message
    altered = message.replace(before, after, 1)
    error = await refused(
        person, challenge, json.dumps({"message": altered, "signature": ETHEREUM.sign(altered)})
    )
    assert error.code is ErrorCode.UNAUTHENTICATED
    assert name in error.message


async def test_a_message_that_is_none_is_refused_with_the_reason(person: Person) -> None:
    challenge = await person.begin("ethereum")
    text = filled(challenge, ETHEREUM.address.lower())
    proof = json.dumps({"message": text, "signature": ETHEREUM.sign(text)})
    assert "EIP-55" in (await refused(person, challenge, proof)).message


async def test_somebody_elses_signature_links_nothing(person: Person) -> None:
    other = EthereumWallet(b"\x09" * 32)
    challenge = await person.begin("ethereum")
    message = filled(challenge, ETHEREUM.address)
    proof = json.dumps({"message": message, "signature": other.sign(message)})
    assert (await refused(person, challenge, proof)).code is ErrorCode.UNAUTHENTICATED
    challenge = await person.begin("bitcoin")
    message = filled(challenge, BITCOIN.address)
    proof = json.dumps({"address": BITCOIN.address, "signature": Wallet(b"\x09" * 32).sign(message)})
    assert (await refused(person, challenge, proof)).code is ErrorCode.UNAUTHENTICATED


class Contracts:
    """Chains on which one contract accepts one signature."""

    def __init__(self, address: str, chain_id: int) -> None:
        self.contract = (chain_id, address)
        self.asked: list[tuple[int, str, bytes, bytes]] = []

    async def is_valid_signature(
        self, chain_id: int, address: str, message_hash: bytes, signature: bytes
    ) -> bool:
        self.asked.append((chain_id, address, message_hash, signature))
        return (chain_id, address) == self.contract and signature == b"\x12\x34"


async def test_a_contract_speaks_for_itself_on_its_own_chain(tmp_path: Path) -> None:
    contracts = Contracts(ETHEREUM.address, 137)
    async with linking_node(tmp_path, contracts=contracts) as node:
        person = await node.open()
        for chain_id, signature in ((1, "0x1234"), (137, "0x1235")):
            challenge = await person.begin("ethereum")
            message = filled(challenge, ETHEREUM.address, chain_id)
            await refused(person, challenge, json.dumps({"message": message, "signature": signature}))
        challenge = await person.begin("ethereum")
        message = filled(challenge, ETHEREUM.address, 137)
        linked = await person.finish(challenge, json.dumps({"message": message, "signature": "0x1234"}))
        assert linked.address == f"eip155:137:{ETHEREUM.address}"
        await person.link("ethereum")
        assert await person.linked() == [linked.address, ETHEREUM.address]
        assert len(contracts.asked) == 3


async def test_without_a_view_of_the_chain_contracts_are_refused_with_the_next_step(person: Person) -> None:
    challenge = await person.begin("ethereum")
    message = filled(challenge, ETHEREUM.address)
    error = await refused(person, challenge, json.dumps({"message": message, "signature": "0x1234"}))
    assert error.code is ErrorCode.UNAVAILABLE
    assert "EIP-1271" in error.message
    assert "link an account with a key" in error.message


class Ledger:
    def __init__(self, keys: dict[str, bytes]) -> None:
        self.keys = keys

    async def owner_keys(self, address: str) -> bytes | None:
        if address not in self.keys:
            return None
        if not self.keys[address]:
            await asyncio.Event().wait()
        return self.keys[address]


@pytest.mark.parametrize("curve", radix.Curve)
@pytest.mark.parametrize("kind", radix.EntityKind)
async def test_owner_keys_on_the_ledger_decide(
    tmp_path: Path, curve: radix.Curve, kind: radix.EntityKind
) -> None:
    old, new = RadixWallet(b"\x04" * 32, curve, kind), RadixWallet(b"\x05" * 32, curve, kind)
    stranger = RadixWallet(b"\x06" * 32, curve, kind)
    new.address = old.address
    stranger.address = old.address
    ledger = Ledger({})
    async with linking_node(tmp_path, ledger) as node:
        person = await node.open()

        async def may(wallet: RadixWallet) -> bool:
            challenge = await person.begin("radix")
            try:
                address = (await person.finish(challenge, prove_radix(challenge, wallet))).address
            except ProvenError as error:
                if error.code is not ErrorCode.UNAUTHENTICATED:
                    raise
                return False
            await person.unlink(address)
            return True

        assert (await may(old), await may(new)) == (True, False)
        ledger.keys[old.address] = owner_keys((curve.code, radix.key_hash(new.public_key)))
        assert (await may(old), await may(new), await may(stranger)) == (False, True, False)
        ledger.keys[old.address] = owner_keys((1 - curve.code, radix.key_hash(new.public_key)))
        assert await may(new) is False
        ledger.keys[old.address] = owner_keys()
        assert (await may(old), await may(new)) == (False, False)


async def test_a_ledger_value_that_cannot_be_read_links_nothing(tmp_path: Path) -> None:
    wallet = RadixWallet(b"\x04" * 32)
    good = owner_keys((1, radix.key_hash(wallet.public_key)))
    ledger = Ledger({})
    async with linking_node(tmp_path, ledger) as node:
        person = await node.open()
        for value in (
            good[:-1],
            good + b"\0",
            b"\x5c",
            b"\0" * 40,
            good.replace(b"\x07\x1d", b"\x07\x1c"),
            b"\xff",
        ):
            ledger.keys[wallet.address] = value
            challenge = await person.begin("radix")
            error = await refused(person, challenge, prove_radix(challenge, wallet))
            assert error.code is ErrorCode.UNAVAILABLE


async def test_a_ledger_that_does_not_answer_links_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.identity.accounts.service.CHAIN_TIMEOUT", 0.05)
    wallet = RadixWallet(b"\x04" * 32)
    async with linking_node(tmp_path, Ledger({wallet.address: b""})) as node:
        person = await node.open()
        challenge = await person.begin("radix")
        error = await refused(person, challenge, prove_radix(challenge, wallet))
        assert error.code is ErrorCode.UNAVAILABLE


async def test_without_a_ledger_only_derived_addresses_are_accepted_and_it_says_so(person: Person) -> None:
    wallet = RadixWallet(b"\x04" * 32)
    wallet.address = RadixWallet(b"\x05" * 32).address
    challenge = await person.begin("radix")
    error = await refused(person, challenge, prove_radix(challenge, wallet))
    assert error.code is ErrorCode.UNAVAILABLE
    assert "no view of the Radix ledger" in error.message


@pytest.mark.parametrize("curve", radix.Curve)
@pytest.mark.parametrize("kind", radix.EntityKind)
@pytest.mark.parametrize("network", ["rdx", "tdx_2_"])
@pytest.mark.parametrize("plain", [False, True])
async def test_every_kind_of_radix_entity_links(
    person: Person, curve: radix.Curve, kind: radix.EntityKind, network: str, plain: bool
) -> None:
    wallet = RadixWallet(b"\x07" * 32, curve, kind, network, plain=plain)
    challenge = await person.begin("radix")
    assert (await person.finish(challenge, prove_radix(challenge, wallet))).address == wallet.address


async def test_a_wallet_that_signed_on_another_page_links_nothing(person: Person) -> None:
    challenge = await person.begin("radix")
    proof = prove_radix(challenge, origin="https://evil.example")
    assert (await refused(person, challenge, proof)).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("prefix", ["bc", "tb"])
@pytest.mark.parametrize("taproot", [False, True])
async def test_every_kind_of_bitcoin_key_links(person: Person, prefix: str, taproot: bool) -> None:
    wallet = Wallet(b"\x08" * 32, prefix, taproot=taproot)
    challenge = await person.begin("bitcoin")
    assert (await person.finish(challenge, prove_bitcoin(challenge, wallet))).address == wallet.address


async def test_addresses_are_kept_in_one_form(person: Person) -> None:
    challenge = await person.begin("bitcoin")
    fields = json.loads(prove_bitcoin(challenge))
    fields["address"] = fields["address"].upper()
    assert (await person.finish(challenge, json.dumps(fields))).address == BITCOIN.address


async def test_a_chain_may_be_any(person: Person) -> None:
    for chain_id in (1, 10, 11155111):
        challenge = await person.begin("ethereum")
        assert (
            await person.finish(challenge, prove_ethereum(challenge, chain_id=chain_id))
        ).address == ETHEREUM.address
