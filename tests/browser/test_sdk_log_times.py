"""The page's own code and the Python client say the same of a log's times, witnesses and end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.client.log import LogView, ProvenEntry, check_times, open_log, replay
from proven.client.pins import Pins
from proven.client.times import check_notice
from proven.wire import merkle
from proven.wire.applications import Deploy, OwnerKey, Timelock
from proven.wire.errors import ProvenError
from proven.wire.notes import Checkpoint, Note, NoteSigner
from support.dishonest import HOUR, Book, new_log_key, root_of, subtrees_of
from support.workspace import BIN, CHECKOUT, node_environment

PROGRAM: Final = CHECKOUT / "packages" / "sdk" / "tests" / "vectors.ts"
OWNER, OTHER = (OwnerKey.from_seed(bytes([number]) * 32) for number in (1, 2))
WITNESSES = tuple(
    NoteSigner(f"{name}.example", Ed25519PrivateKey.from_private_bytes(name.encode() * 32)) for name in "ab"
)
DELAY = 48 * HOUR
LOG_KEY, ORIGIN = new_log_key()
SIGNER = NoteSigner(ORIGIN, LOG_KEY)

Outcome = dict[str, Any]


class Sources:
    """The TypeScript sources, run by Node as they are."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: str, **fields: Any) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": question, **fields}) + "\n")
        self._process.stdin.flush()
        outcome: Outcome = json.loads(self._process.stdout.readline())
        assert "crash" not in outcome, outcome
        return outcome


@pytest.fixture(scope="module")
def sources() -> Iterator[Sources]:
    process = subprocess.Popen(
        [str(BIN / "node"), str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node_environment(NODE_NO_WARNINGS="1"),
    )
    with process:
        yield Sources(process)
        assert process.stdin is not None
        process.stdin.close()


class Shown:
    """A log with an upgrade under a timelock, announced and in force some seconds ago, as it is shown."""

    def __init__(
        self, announced: float = 72 * HOUR, activated: float = 24 * HOUR, other: float = HOUR
    ) -> None:
        self.book = Book(ORIGIN)
        self.application = self.book.create(OWNER, "bank", Timelock(delay=DELAY))
        self.stranger = self.book.create(OTHER, "other", ago=29 * 24 * HOUR)
        self.book.say(self.application, Deploy(package_id="1" * 64), OWNER, ago=announced)
        self.index = self.book.activate(self.application, ago=activated)
        self.book.say(self.stranger, Deploy(package_id="2" * 64), OTHER, ago=other)
        self.earlier: list[Note] = []
        self.cosigned: list[tuple[NoteSigner, float]] = []

    @property
    def note(self) -> Note:
        text = self.book.checkpoint()
        cosignatures = [by.cosign(text, self.book.at(ago) // 1000) for by, ago in self.cosigned]
        return Note(text, (SIGNER.sign(text), *cosignatures))

    def proof(self, size: int) -> tuple[bytes, ...]:
        return merkle.prove_consistency(size, len(self.book.leaves), subtrees_of(self.book.leaves))

    def asked(self, *, whole: bool, pins: Pins | None = None, **change: Any) -> dict[str, Any]:
        """What is put to the page's code."""
        leaves = self.book.leaves
        listed = range(len(leaves)) if whole else [0, 2, 3]
        proofs = subtrees_of(leaves)
        pins = pins or Pins()
        sizes = {Checkpoint.parse(note.text).size for note in self.earlier} | set(range(1, len(leaves)))
        return {
            "key": SIGNER.key.verifier_key(),
            "note": self.note.encode().encode().hex(),
            "entries": [
                {
                    "index": index,
                    "leaf": leaves[index].hex(),
                    "proof": []
                    if whole
                    else [each.hex() for each in merkle.prove_inclusion(index, len(leaves), proofs)],
                }
                for index in listed
            ],
            "whole": whole,
            "application": self.application,
            "answer": {"packageId": "1" * 64, "logIndex": self.index},
            "known": None,
            "consistency": [],
            "now": self.book.at(0),
            "answeredAt": self.book.at(0),
            "earlier": [note.encode().encode().hex() for note in self.earlier],
            "proofs": {
                size: [each.hex() for each in self.proof(size)] for size in sizes if size <= len(leaves)
            },
            "policy": {
                "witnesses": [key.verifier_key(cosigner=True) for key in pins.witnesses],
                "minWitnesses": pins.needed_witnesses,
                "noticeWitnessed": pins.notice_witnessed,
            },
        } | change

    def refused(self, *, whole: bool, pins: Pins | None = None) -> str | None:
        """Why the Python client refuses the same, if it does."""
        leaves, now = self.book.leaves, datetime.fromtimestamp(self.book.at(0) / 1000, UTC)
        listed = range(len(leaves)) if whole else [0, 2, 3]
        proofs = subtrees_of(leaves)
        entries = [
            ProvenEntry(
                index, leaves[index], () if whole else merkle.prove_inclusion(index, len(leaves), proofs)
            )
            for index in listed
        ]
        pins = pins or Pins()
        try:
            view: LogView = open_log(SIGNER.key, self.note.encode().encode(), entries, whole=whole)
            live = replay(view, self.application, "1" * 64, self.index)  # type: ignore[arg-type]
            sightings = list(view.cosigned(pins))
            sizes = {Checkpoint.parse(note.text).size for note in self.earlier}
            consistency = {size: self.proof(size) for size in sizes if size <= len(leaves)}
            notes = [note.encode().encode() for note in self.earlier]
            sightings += view.cosigned_before(notes, consistency, pins)
            check_times(view, live, None, sightings, answered_at=now, shown_at=now)
            if pins.notice_witnessed:
                check_notice(live.activations, sightings, pins, now.timestamp())
        except ProvenError as error:
            return error.message
        return None


BOTH = Pins(witnesses=tuple(each.key for each in WITNESSES), notice_witnessed=True)
ONE = Pins(witnesses=BOTH.witnesses, min_witnesses=1, notice_witnessed=True)
both_ways = pytest.mark.parametrize("whole", [True, False], ids=["whole", "listed"])

ages = st.integers(-2 * 24 * HOUR, 29 * 24 * HOUR)
sightings = st.lists(st.tuples(st.sampled_from(WITNESSES), ages, st.integers(1, 5)), max_size=4)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(-HOUR, 72 * HOUR),
    ages,
    sightings,
    st.lists(st.tuples(st.sampled_from(WITNESSES), st.integers(-HOUR, HOUR)), max_size=2),
    st.sampled_from([Pins(), ONE, BOTH]),
    st.booleans(),
)
def test_both_refuse_the_same_logs(
    sources: Sources,
    activated: int,
    other: int,
    looked: list[tuple[NoteSigner, int, int]],
    cosigned: list[tuple[NoteSigner, int]],
    pins: Pins,
    whole: bool,
) -> None:
    shown = Shown(activated + DELAY, activated, other)
    shown.earlier = [shown.book.seen_by(by, ago, size) for by, ago, size in looked]
    shown.cosigned = list({by: (by, ago) for by, ago in cosigned}.values())
    refused = shown.refused(whole=whole, pins=pins)
    outcome = sources.ask("log", **shown.asked(whole=whole, pins=pins))
    assert ("value" not in outcome) == (refused is not None), (outcome, refused)


@both_ways
def test_a_notice_that_witnesses_saw_is_believed(sources: Sources, whole: bool) -> None:
    shown = Shown()
    shown.cosigned = [(each, 0) for each in WITNESSES]
    shown.earlier = [shown.book.seen_by(each, 72 * HOUR - 5, 3) for each in WITNESSES]
    assert sources.ask("log", **shown.asked(whole=whole, pins=BOTH))["value"]["announcements"] == [2]


@both_ways
@pytest.mark.parametrize(
    ("seen", "rule", "why"),
    [
        (HOUR, "notice", "b.example first saw it on "),
        (None, "notice", "b.example first saw it on "),
    ],
)
def test_a_notice_that_too_few_saw_is_not(
    sources: Sources, whole: bool, seen: int | None, rule: str, why: str
) -> None:
    shown = Shown()
    shown.cosigned = [(each, 0) for each in WITNESSES]
    shown.earlier = [shown.book.seen_by(WITNESSES[0], 72 * HOUR - 5, 3)]
    if seen is not None:
        shown.earlier.append(shown.book.seen_by(WITNESSES[1], seen, 4))
    outcome = sources.ask("log", **shown.asked(whole=whole, pins=BOTH))
    assert (outcome["code"], outcome["details"]["rule"]) == ("EVIDENCE_INVALID", rule)
    assert why in outcome["message"]
    assert "value" in sources.ask("log", **shown.asked(whole=whole, pins=ONE))


@both_ways
def test_witnesses_that_did_not_cosign_or_not_properly_are_noticed(sources: Sources, whole: bool) -> None:
    shown = Shown()
    outcome = sources.ask("log", **shown.asked(whole=whole, pins=ONE))
    assert "0 of the 1 witnesses that this page requires cosigned the checkpoint" in outcome["message"]
    shown.cosigned = [(WITNESSES[0], 0)]
    asked = shown.asked(whole=whole, pins=Pins(witnesses=(WITNESSES[0].key,)))
    assert "value" in sources.ask("log", **asked)
    forger = NoteSigner("a.example", Ed25519PrivateKey.generate())
    genuine, forged = (each.cosign(shown.note.text, 1) for each in (WITNESSES[0], forger))
    swapped = type(genuine)(genuine.name, genuine.key_id, forged.blob)
    note = Note(shown.note.text, (SIGNER.sign(shown.note.text), swapped)).encode().encode().hex()
    assert "the signature of a.example is wrong" in sources.ask("log", **asked | {"note": note})["message"]
    assert (
        sources.ask("log", **asked | {"policy": {"witnesses": ["a.example+00+AA"]}})["code"] == "BAD_REQUEST"
    )


@both_ways
def test_the_log_goes_as_far_as_the_node_says_in_the_session(sources: Sources, whole: bool) -> None:
    shown = Shown()
    size = len(shown.book.leaves)

    def outcome(**change: Any) -> Outcome:
        told = {"origin": ORIGIN, "size": size, "root": root_of(shown.book.leaves).hex(), "revision": 3}
        return sources.ask("log", **shown.asked(whole=whole, head=told | change))

    assert "value" in outcome()
    assert "value" in outcome(size=2, root=root_of(shown.book.leaves[:2]).hex(), revision=1)
    assert f"stale: it has {size} entries, and the node says" in outcome(size=size + 1)["message"]
    assert "the log was forked" in outcome(root="00" * 32)["message"]
    assert "the log was forked" in outcome(size=2)["message"]
    assert "entries were left out: 3 are shown" in outcome(revision=4)["message"]
    assert "the node says that its log is elsewhere" in outcome(origin="elsewhere")["message"]


@both_ways
def test_a_time_that_no_calendar_has_is_refused_like_any_other(sources: Sources, whole: bool) -> None:
    shown = Shown()
    at = 9_000_000_000_000_000
    shown.book.say(shown.application, Deploy(package_id="3" * 64), OWNER, ago=(shown.book.at(0) - at) / 1000)
    asked = shown.asked(whole=True)
    outcome = sources.ask("log", **asked)
    assert "a day after the year 9999, which is yet to come" in outcome["message"]


def test_the_evidence_is_a_clock_too(sources: Sources) -> None:
    shown = Shown(other=-4 * 60)
    assert "value" in sources.ask("log", **shown.asked(whole=True))
    late = shown.asked(whole=True, attestedAt=shown.book.at(4 * 60))
    assert "which is yet to come" in sources.ask("log", **late)["message"]
