"""The published vectors of the account standards, and how far this node and other implementations agree."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coincurve
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.identity.accounts import _bech32, bitcoin, ethereum, radix, siwe
from proven.identity.accounts._uri import parse_date_time
from proven.identity.accounts.eip55 import address_of, has_checksum
from proven.wire.errors import ProvenError
from support.account_peers import Peers

VECTORS = Path(__file__).parents[1] / "vectors" / "accounts"
NETWORKS = {"rdx": 1, "tdx_2_": 2}
OUT_OF_SCOPE = ("only single keys", "only simple signatures", "not a SegWit address")
"""How refusals begin of what this node says it does not understand."""


@dataclass
class Row:
    """How many cases of one kind were compared, and what differed."""

    standard: str
    source: str
    what: str
    cases: int = 0
    differences: list[str] = field(default_factory=list)

    def count(self, agrees: bool, case: object) -> None:
        self.cases += 1
        if not agrees:
            self.differences.append(str(case)[:300])


def load(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


def _holds(check: Callable[[], object]) -> bool:
    """Whether a check passes; anything it raises but a refusal is a mistake."""
    try:
        return check() is not False
    except (ValueError, ProvenError):
        return False


def bech32() -> Iterator[Row]:
    vectors = load("bech32")
    row = Row("BIP-350", "BIP text", "Bech32m strings")
    for text in vectors["bech32m"]:
        row.count(_holds(lambda text=text: _bech32.split(text)[2] is _bech32.Encoding.BECH32M), text)
    yield row
    row = Row("BIP-350", "BIP text", "strings that are not Bech32m")
    for each in vectors["notBech32m"]:
        row.count(not _holds(lambda text=each["text"]: _bech32.split(text)), each)
    yield row
    row = Row("BIP-350", "BIP text", "addresses: output script, or refused as no key's")
    for each in vectors["addresses"]:
        script = bytes.fromhex(each["script"])
        single = script[:2] in (b"\x00\x14", b"\x51\x20")
        try:
            row.count(bitcoin.parse_address(each["address"]).output_script == script and single, each)
        except ProvenError as error:
            row.count(not single and error.message.startswith(OUT_OF_SCOPE), each)
    yield row
    row = Row("BIP-350", "BIP text", "addresses that are none")
    for each in vectors["notAddresses"]:
        row.count(not _holds(lambda text=each["text"]: bitcoin.parse_address(text)), each)
    yield row


def _bip322(address: str, message: str, signature: str) -> str:
    """`valid`, `invalid`, or `unsupported` for what this node says it does not understand."""
    try:
        bitcoin.verify(bitcoin.parse_address(address), message, signature)
    except ProvenError as error:
        return "unsupported" if error.message.startswith(OUT_OF_SCOPE) else "invalid"
    return "valid"


def bip322() -> Iterator[Row]:
    basic, generated = load("bip322-basic"), load("bip322-generated")
    row = Row("BIP-322", "BIP text", "message and transaction hashes")
    for each in basic["tx_hashes"]:
        message = each["message"].encode()
        to_spend = bitcoin.to_spend_txid(bitcoin.parse_address(each["address"]).output_script, message)
        row.count(bitcoin.message_hash(message).hex() == each["message_hash"], each)
        row.count(to_spend[::-1].hex() == each["to_spend_tx_hash"], each)
        row.count(bitcoin.to_sign_txid(to_spend)[::-1].hex() == each["to_sign_tx_hash"], each)
    yield row
    valid = Row("BIP-322", "BIP text", "simple signatures of single keys, accepted")
    others = Row("BIP-322", "BIP text", "other scripts and variants, refused as not understood")
    for each in (*basic["simple"], *generated["simple"]):
        row, wanted = (valid, "valid") if each["type"] in ("p2wpkh", "p2tr") else (others, "unsupported")
        for signature in each["bip322_signatures"]:
            row.count(_bip322(each["address"], each["message"], signature) == wanted, each)
    for each in (*generated["full"], *generated["proof_of_funds"]):
        for signature in each["bip322_signatures"]:
            others.count(_bip322(each["address"], each["message"], signature) == "unsupported", each)
    yield from (valid, others)
    row = Row("BIP-322", "BIP text", "signatures that are invalid, refused")
    for each in (*basic["error"], *generated["error"]):
        row.count(_bip322(each["address"], each["message"], each["signature"]) != "valid", each)
    yield row


_SIWE_FIELDS = {
    "scheme": "scheme",
    "domain": "domain",
    "address": "address",
    "statement": "statement",
    "uri": "uri",
    "version": "version",
    "chainId": "chain_id",
    "nonce": "nonce",
    "issuedAt": "issued_at",
    "expirationTime": "expiration_time",
    "notBefore": "not_before",
    "requestId": "request_id",
    "resources": "resources",
}


def siwe_message(fields: dict[str, Any]) -> siwe.SiweMessage:
    """A message of the fields as the JavaScript package names them."""
    own = {_SIWE_FIELDS[name]: value for name, value in fields.items() if name in _SIWE_FIELDS}
    own["chain_id"] = str(own["chain_id"])
    if own.get("resources") is not None:
        own["resources"] = tuple(own["resources"])
    return siwe.SiweMessage(**own)


def verify_siwe(fields: dict[str, Any]) -> None:
    """What the package's `verify` does. Raises `ValueError`."""
    message = siwe.parse(siwe_message(fields).to_text())
    now = parse_date_time(fields.get("time", fields["issuedAt"]))
    if message.expiration_time is not None and now >= parse_date_time(message.expiration_time):
        raise ValueError("the message has expired")
    if message.not_before is not None and now < parse_date_time(message.not_before):
        raise ValueError("the message is not valid yet")
    if fields.get("domainBinding", message.domain) != message.domain:
        raise ValueError("another domain")
    if fields.get("matchNonce", message.nonce) != message.nonce:
        raise ValueError("another nonce")
    signature = bytes.fromhex(fields["signature"].removeprefix("0x"))
    if ethereum.recover_address(ethereum.personal_hash(message.to_text()), signature) != message.address:
        raise ValueError("another signer")


def eip4361() -> Iterator[Row]:
    row = Row("EIP-4361", "siwe repository", "messages: every field, and written back the same")
    for name, each in load("siwe-parsing-positive").items():
        message = siwe.parse(each["message"])
        row.count(message == siwe_message(each["fields"]) and message.to_text() == each["message"], name)
    yield row
    row = Row("EIP-4361", "siwe repository", "messages that are none")
    for name, text in load("siwe-parsing-negative").items():
        row.count(not _holds(lambda text=text: siwe.parse(text)), name)
    yield row
    row = Row("EIP-4361", "siwe repository", "signed messages, accepted")
    for name, each in load("siwe-verification-positive").items():
        row.count(_holds(lambda each=each: verify_siwe(each)), name)
    yield row
    row = Row("EIP-4361", "siwe repository", "expired, altered, misdated or wrongly signed, refused")
    for name, each in load("siwe-verification-negative").items():
        row.count(not _holds(lambda each=each: verify_siwe(each)), name)
    yield row
    row = Row("EIP-1271", "siwe repository", "contracts' signatures: by no key, left to the contract")
    for name, each in load("siwe-eip1271").items():
        message = siwe.parse(each["message"])
        signature = bytes.fromhex(each["signature"][2:])
        digest = ethereum.personal_hash(each["message"])
        row.count(ethereum.recover_address(digest, signature) != message.address, name)
    yield row
    vectors = load("eip55")
    row = Row("EIP-55", "ERC text", "addresses with the checksum, and without")
    for text in vectors["checksummed"]:
        row.count(has_checksum(text), text)
    for text in vectors["wrong"]:
        row.count(not has_checksum(text), text)
    yield row


def rola() -> Iterator[Row]:
    vectors = load("rola")
    row = Row("ROLA", "rola repository", "hashes to sign")
    for each in vectors["messages"]:
        digest = radix.signed_hash(
            bytes.fromhex(each["challenge"]), each["dAppDefinitionAddress"], each["origin"]
        )
        row.count(digest.hex() == each["blakeHashOfPayload"], each)
    yield row
    row = Row("ROLA", "rola repository", "key hashes and addresses derived from keys")
    for each in vectors["keyHashes"]:
        row.count(radix.key_hash(bytes.fromhex(each["publicKey"])).hex() == each["hash"], each)
    for each in vectors["addresses"]:
        key, curve, kind = bytes.fromhex(each["publicKey"]), each["curve"], each["type"]
        derived = radix.derive_address(key, radix.Curve(curve), radix.EntityKind(kind), each["network"])
        row.count(derived == each["address"], each)
    yield row
    accepted = Row("ROLA", "rola repository", "signed challenges of wallets, accepted")
    refused = Row("ROLA", "rola repository", "the same for another origin, dApp, challenge or address")
    for each in vectors["signedChallenges"]:
        accepted.count(_holds(lambda each=each: verify_rola(each)), each)
        for name, value in (
            ("origin", "https://elsewhere.example"),
            ("dAppDefinitionAddress", _other_account(each["dAppDefinitionAddress"])),
            ("challenge", "00" * 32),
            ("address", _other_account(each["address"])),
        ):
            refused.count(
                not _holds(lambda each=each, name=name, value=value: verify_rola(each | {name: value})), name
            )
    yield from (accepted, refused)


def verify_rola(fields: dict[str, Any]) -> None:
    """Without a ledger, with the challenge that the proof names. Raises `ProvenError`."""
    fields = dict(fields)
    origin = fields.pop("origin")
    proof = msgspec.convert(fields, radix.RadixProof)
    signer = radix.verify(proof, challenge=bytes.fromhex(proof.challenge), origin=origin)
    radix.check_ownership(signer, None, ledger=False)


def _other_account(text: str) -> str:
    address = radix.parse_address(text)
    prefix = text.rpartition("1")[0]
    return _bech32.encode(prefix, bytes((address.entity,)) + bytes(29), _bech32.Encoding.BECH32M)


def published() -> Iterator[Row]:
    """The vectors that the standards publish."""
    for rows in (bech32, bip322, eip4361, rola):
        yield from rows()


def against_siwe(peers: Peers, chance: random.Random, rounds: int = 40) -> Iterator[Row]:
    signed = Row("EIP-4361", "siwe, ethers", "they sign, we verify")
    refused = Row("EIP-4361", "siwe, ethers", "altered signature or message: refused by both")
    for _ in range(rounds):
        key = chance.randbytes(32)
        text = random_siwe(chance, EthereumWallet(key).address).to_text()
        signature = peers.ask("ethereumSign", key="0x" + key.hex(), message=text)
        signed.count(_siwe_signed(text, signature), text)
        for other_text, other_signature in (
            (text, _altered(signature, chance)),
            (text.replace("Nonce: ", "Nonce: 0"), signature),
        ):
            theirs = peers.accepts("siweVerify", message=other_text, signature=other_signature)
            refused.count(not theirs and not _siwe_signed(other_text, other_signature), other_text)
    yield from (signed, refused)
    ours = Row("EIP-4361", "siwe, ethers", "we sign and write, they verify and read the same")
    for _ in range(rounds):
        wallet = EthereumWallet(chance.randbytes(32))
        text = random_siwe(chance, wallet.address).to_text()
        signature = wallet.sign(text)
        ours.count(peers.ask("siweParse", message=text)["text"] == text, text)
        ours.count(peers.accepts("siweVerify", message=text, signature=signature), text)
    yield ours
    parsed = Row("EIP-4361", "siwe", "texts damaged at random: both read them, or neither")
    for text in damaged_siwe(chance, rounds * 25):
        parsed.count(
            _holds(lambda text=text: siwe.parse(text)) == peers.accepts("siweParse", message=text), repr(text)
        )
    yield parsed


def _siwe_signed(text: str, signature: str) -> bool:
    digest = ethereum.personal_hash(text)
    try:
        return ethereum.recover_address(digest, bytes.fromhex(signature[2:])) == siwe.parse(text).address
    except ValueError:
        return False


def random_siwe(chance: random.Random, address: str) -> siwe.SiweMessage:
    """A message with any choice of the optional fields."""

    def maybe(value: Any) -> Any:
        return chance.choice((None, value))

    return siwe.SiweMessage(
        scheme=maybe("https"),
        domain=chance.choice(("example.com", "localhost:8080", "127.0.0.1", "[::1]:80", "a.b@c.example")),
        address=address,
        statement=maybe("I accept: https://example.com/tos?a=[b]#c ~!$&'()*+,;=@-._"),
        uri=chance.choice(("https://example.com/login?x=1#y", "did:key:z6Mk", "https://[2001:db8::1]:8/%20")),
        chain_id=str(chance.choice((1, 10, 137, 11155111))),
        nonce=chance.randbytes(8).hex(),
        issued_at="2026-01-02T03:04:05.678Z",
        expiration_time=maybe("2999-12-31T23:59:59+01:30"),
        not_before=maybe("2026-01-02T03:04:05Z"),
        request_id=maybe("a%20b:@!"),
        resources=maybe(chance.choice(((), ("ipfs://x/",), ("https://a.example/b", "urn:c:d")))),
    )


def damaged_siwe(chance: random.Random, count: int) -> Iterator[str]:
    """Messages with lines lost, doubled, swapped, or characters changed."""
    address = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    for _ in range(count):
        lines = random_siwe(chance, address).to_text().split("\n")
        where, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                del lines[where]
            case 1:
                lines.insert(other, lines[where])
            case 2:
                lines[where], lines[other] = lines[other], lines[where]
            case 3:
                line = lines[where]
                place = chance.randrange(len(line) + 1)
                lines[where] = line[:place] + chance.choice(' %[]:/@#\t"é0aZ-\\') + line[place:]
            case _:
                line = lines[where]
                place = chance.randrange(len(line) + 1)
                lines[where] = line[:place] + line[place + 1 :]
        yield "\n".join(lines)


def against_bip322(peers: Peers, chance: random.Random, rounds: int = 25) -> Iterator[Row]:
    signed = Row("BIP-322", "bip322-js", "they sign, we verify (P2WPKH, P2TR; mainnet, testnet)")
    ours = Row("BIP-322", "bip322-js", "we sign, they verify")
    refused = Row("BIP-322", "bip322-js", "another message, an altered signature: refused by both")
    for number in range(rounds):
        for taproot in (False, True):
            wallet = Wallet(chance.randbytes(32), "bc" if number % 2 else "tb", taproot=taproot)
            message = f"message {number} of {chance.random()}\n" + "é" * chance.randrange(300)
            signature = peers.ask("bitcoinSign", key=wallet.wif, address=wallet.address, message=message)
            signed.count(_bip322(wallet.address, message, signature) == "valid", signature)
            own = wallet.sign(message)
            ours.count(
                peers.accepts("bitcoinVerify", address=wallet.address, message=message, signature=own), own
            )
            damaged = bytearray(base64.b64decode(signature))
            damaged[chance.randrange(8, 66)] ^= 1 << chance.randrange(8)  # r or s, not the framing
            for text, other in ((message + ".", signature), (message, base64.b64encode(damaged).decode())):
                request = {"address": wallet.address, "message": text, "signature": other}
                refused.count(
                    not peers.accepts("bitcoinVerify", **request) and _bip322(**request) != "valid", other
                )
    yield from (signed, ours, refused)


class Wallet:
    """A Bitcoin wallet of one key, for tests: signs BIP-322 messages."""

    def __init__(self, key: bytes, prefix: str = "bc", *, taproot: bool = False) -> None:
        self._private = coincurve.PrivateKey(key)
        self._taproot = taproot
        self.wif = _base58check((b"\x80" if prefix == "bc" else b"\xef") + key + b"\x01")
        public = self._private.public_key.format()
        if taproot:
            self._private = _tweaked(key)
            program = coincurve.PublicKeyXOnly.from_secret(self._private.secret).format()
            self.address = _bech32.encode(prefix, program, _bech32.Encoding.BECH32M, version=1)
        else:
            program = bitcoin._hash160(public)
            self.address = _bech32.encode(prefix, program, _bech32.Encoding.BECH32, version=0)

    def sign(self, message: str) -> str:
        address = bitcoin.parse_address(self.address)
        to_spend = bitcoin.to_spend_txid(address.output_script, message.encode())
        if self._taproot:
            return witness(self._private.sign_schnorr(bitcoin._sighash_v1(address, to_spend, b"\x00")))
        digest = bitcoin._sighash_v0(address.program, to_spend)
        return witness(self._private.sign(digest, hasher=None) + b"\x01", self._private.public_key.format())


def witness(*items: bytes) -> str:
    """A stack in base64."""
    stack = bytes((len(items),)) + b"".join(bytes((len(item),)) + item for item in items)
    return base64.b64encode(stack).decode()


def _tweaked(key: bytes) -> coincurve.PrivateKey:
    """The output key of a Taproot address without scripts (BIP-341, BIP-86)."""
    private = coincurve.PrivateKey(key)
    if private.public_key.format()[0] == 3:
        private = coincurve.PrivateKey.from_int(
            0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - private.to_int()
        )
    return private.add(bitcoin._tagged("TapTweak", private.public_key.format()[1:]))


def _base58check(data: bytes) -> str:
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, place = divmod(number, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[place] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def against_radix(peers: Peers, chance: random.Random, rounds: int = 20) -> Iterator[Row]:
    derived = Row("ROLA", "radix-engine-toolkit", "addresses derived from keys (4 entities, 2 networks)")
    signed = Row("ROLA", "radix-engine-toolkit", "they sign, we verify; altered, we refuse")
    read = Row("ROLA", "radix-engine-toolkit", "addresses: both read them, or neither")
    for number in range(rounds):
        for curve in radix.Curve:
            for kind in radix.EntityKind:
                key = chance.randbytes(32).hex()
                network = tuple(NETWORKS)[number % 2]
                request = {"curve": curve.value, "key": key, "type": kind.value}
                account = peers.ask("radixAccount", **request, network=NETWORKS[network])
                public = bytes.fromhex(account["publicKey"])
                derived.count(
                    radix.derive_address(public, curve, kind, network) == account["address"], account
                )
                fields = radix_proof(
                    lambda digest, request=request: bytes.fromhex(
                        peers.ask("radixSign", curve=request["curve"], key=request["key"], hash=digest.hex())
                    ),
                    account["address"],
                    public,
                    curve,
                    kind,
                    chance.randbytes(32),
                    "https://app.example",
                )
                signed.count(_holds(lambda fields=fields: verify_rola(fields)), fields)
                bad = fields | {
                    "proof": fields["proof"] | {"signature": _altered(fields["proof"]["signature"], chance)}
                }
                signed.count(not _holds(lambda bad=bad: verify_rola(bad)), bad)
                place = chance.randrange(len(account["address"]))
                text = account["address"][:place] + "q" + account["address"][place + 1 :]
                for address in (account["address"], text):
                    ours = _holds(lambda address=address: radix.parse_address(address))
                    read.count(ours == peers.accepts("radixDecode", address=address), address)
    yield from (derived, signed, read)
    keys = Row("ROLA", "radix-engine-toolkit", "owner_keys: the same keys read from the same bytes")
    for _ in range(rounds):
        hashes = [(chance.randrange(2), chance.randbytes(29)) for _ in range(chance.randrange(5))]
        value = owner_keys(*hashes)
        decoded = json.loads(peers.ask("radixSbor", payload=value.hex()))
        theirs = [
            (int(each["variant_id"]), bytes.fromhex(each["fields"][0]["hex"]))
            for each in decoded["fields"][0]["elements"]
        ]
        keys.count(decoded["variant_id"] == "143" and theirs == hashes, value.hex())
        keys.count(radix.read_owner_keys(value) == set(hashes), value.hex())
    yield keys


def owner_keys(*hashes: tuple[int, bytes]) -> bytes:
    """A ledger's `owner_keys` of these curves (0: secp256k1, 1: Ed25519) and key hashes."""
    entries = b"".join(bytes((code,)) + b"\x01\x20\x07\x1d" + each for code, each in hashes)
    return b"\x5c\x22\x8f\x01\x20\x22" + bytes((len(hashes),)) + entries


def radix_proof(
    sign: Callable[[bytes], bytes],
    address: str,
    public_key: bytes,
    curve: radix.Curve,
    kind: radix.EntityKind,
    challenge: bytes,
    origin: str,
) -> dict[str, Any]:
    """A wallet's answer, with the origin it was on."""
    network = "rdx" if "_rdx1" in address else "tdx_2_"
    dapp = _bech32.encode(f"account_{network}", b"\xc1" + bytes(29), _bech32.Encoding.BECH32M)
    return {
        "origin": origin,
        "address": address,
        "type": kind.value,
        "challenge": challenge.hex(),
        "dAppDefinitionAddress": dapp,
        "proof": {
            "publicKey": public_key.hex(),
            "signature": sign(radix.signed_hash(challenge, dapp, origin)).hex(),
            "curve": curve.value,
        },
    }


class EthereumWallet:
    """An Ethereum wallet of one key, for tests."""

    def __init__(self, key: bytes) -> None:
        self._private = coincurve.PrivateKey(key)
        self.address = address_of(self._private.public_key)

    def sign(self, message: str) -> str:
        raw = self._private.sign_recoverable(ethereum.personal_hash(message), hasher=None)
        return "0x" + raw[:64].hex() + bytes((raw[64] + 27,)).hex()


class RadixWallet:
    """A Radix wallet of one account or persona, for tests."""

    def __init__(
        self,
        key: bytes,
        curve: radix.Curve = radix.Curve.ED25519,
        kind: radix.EntityKind = radix.EntityKind.ACCOUNT,
        network: str = "rdx",
        *,
        plain: bool = False,
    ) -> None:
        """`plain`: signs on secp256k1 without the recovery id."""
        self.curve, self.kind, self._key, self._plain = curve, kind, key, plain
        if curve is radix.Curve.ED25519:
            self.public_key = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
        else:
            self.public_key = coincurve.PrivateKey(key).public_key.format()
        self.address = radix.derive_address(self.public_key, curve, kind, network)

    def sign(self, digest: bytes) -> bytes:
        if self.curve is radix.Curve.ED25519:
            return Ed25519PrivateKey.from_private_bytes(self._key).sign(digest)
        raw = coincurve.PrivateKey(self._key).sign_recoverable(digest, hasher=None)
        return raw[:64] if self._plain else raw[64:] + raw[:64]

    def prove(self, challenge: bytes, origin: str) -> dict[str, Any]:
        return radix_proof(self.sign, self.address, self.public_key, self.curve, self.kind, challenge, origin)


def _altered(signature: str, chance: random.Random) -> str:
    """One bit of a hexadecimal signature changed, not in its last byte."""
    text = signature.removeprefix("0x")
    raw = bytearray.fromhex(text)
    raw[chance.randrange(1, len(raw) - 1)] ^= 1 << chance.randrange(8)
    return signature[: len(signature) - len(text)] + raw.hex()


def against_peers(peers: Peers, seed: int = 322) -> Iterator[Row]:
    """What other implementations say of the same."""
    chance = random.Random(seed)
    yield from against_siwe(peers, chance)
    yield from against_bip322(peers, chance)
    yield from against_radix(peers, chance)


def table(rows: list[Row]) -> str:
    """As Markdown."""
    lines = ["| standard | against | what | cases | agree |", "|---|---|---|---:|---:|"]
    for row in rows:
        agree = row.cases - len(row.differences)
        lines.append(f"| {row.standard} | {row.source} | {row.what} | {row.cases} | {agree} |")
    total, differ = sum(row.cases for row in rows), sum(len(row.differences) for row in rows)
    lines.append(f"| | | **all** | **{total}** | **{total - differ}** |")
    return "\n".join(lines)
