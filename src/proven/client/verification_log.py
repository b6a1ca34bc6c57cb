"""What the log, as it was saved with an answer, says about that answer: rules without input or output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from proven.attestation import Platform, Verifier
from proven.client.bundle import DESCRIPTIONS, Bundle, SavedAnswer, SavedLog
from proven.client.log import Live, LogView, check_remembered, check_times, open_saved, replay
from proven.client.pins import LogMemory, Pins, Remembered
from proven.client.report import FailedError, Link, LinkName, Status
from proven.client.responses import Attested, verify_saved
from proven.client.times import CLOCK_SKEW, Sighting
from proven.wire import ids
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.words import moment

_OK: Final = 200


@dataclass(frozen=True, slots=True)
class LogFinding:
    """The link, what the log says about the application, what to remember of the log, and when the required
    witnesses saw it. Unless it is `complete`, there may be newer entries than were shown: no node said how
    far its log went by then.
    """

    link: Link
    live: Live
    state: Remembered
    sightings: tuple[Sighting, ...]
    complete: bool


def examine_log(
    bundle: Bundle,
    saved: SavedLog,
    answer: Attested,
    verifier: Verifier,
    *,
    pins: Pins,
    memory: LogMemory | None,
) -> LogFinding:
    """The link `log` of `verification.examine`. Raises `FailedError` or `ProvenError` where it breaks."""
    view = open_saved(saved, verifier, bundle.time)
    revision, compared = _check_attested_state(view, saved, bundle.answer, answer.application_id)
    complete = compared and _is_description(bundle.answer) and _is_of_its_time(view, answer)
    if bundle.described is not None:
        newest = check_description(view, saved, bundle.described, answer.application_id, verifier, pins)
        revision, complete = max(revision, newest), True
    known = _known(view, answer.application_id, memory)
    remembered = check_remembered(view, known, _proof_from(saved, known), bundle.time)
    live = replay(view, answer.application_id, answer.package_id, answer.log_index)
    check_count(len(live.entries), revision)
    _check_name(live, bundle.asked)
    cosigned = view.cosigned(pins)
    sightings = (*view.cosigned_before(saved.cosigned, dict(saved.consistency), pins), *cosigned)
    check_times(
        view,
        live,
        known,
        sightings,
        answered_at=min(answer.created, answer.evidence.timestamp),
        shown_at=bundle.time,
    )
    checkpoint = view.checkpoint
    state = Remembered(
        origin=checkpoint.origin,
        verifier_key=view.key.verifier_key(),
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        seen_at=int(bundle.time.timestamp()),
    )
    link = Link(
        LinkName.LOG,
        Status.HOLDS,
        f"entry {answer.log_index} of {checkpoint.size} made it live as version "
        f"{live.version.number} of {live.record.name}, in the log {checkpoint.origin}",
        "; ".join(
            [
                "a checkpoint of the attested key",
                remembered,
                _completeness(saved, live, complete),
                "times that never go back and are not yet to come",
                *(f"cosigned by {each.witness} on {moment(1000 * each.at)}" for each in cosigned),
            ]
        ),
    )
    return LogFinding(link, live, state, sightings, complete)


def _known(view: LogView, application: ApplicationId, memory: LogMemory | None) -> Remembered | None:
    """What is remembered of the log. Raises if the application was seen in another log."""
    if memory is None:
        return None
    before = memory.log_of(application)
    if before is not None and before[0] != view.key.name:
        raise FailedError(
            f"the application was in the log {before[0]} on {before[1]}, and is now shown in {view.key.name}"
        )
    return memory.log(view.key.name)


def _check_name(live: Live, asked: str | None) -> None:
    if asked is not None and not ids.is_application_id(asked) and live.record.name != asked:
        raise FailedError(f"the log calls this application {live.record.name}, and {asked} was asked for")


def _check_attested_state(
    view: LogView, saved: SavedLog, answer: SavedAnswer, application: ApplicationId
) -> tuple[int, bool]:
    """The log is at least as far as the node says in the description that it signed. Returns how many entries
    it says that the application has, 0 if the answer does not say, and whether the log is shown to begin with
    the one that it names.
    """
    described = _described(answer, application)
    if described is None:
        return 0, False
    checkpoint = view.checkpoint
    if described.log.origin != checkpoint.origin:
        raise FailedError(f"the node says that its log is {described.log.origin}, not {checkpoint.origin}")
    if checkpoint.size < described.log.size:
        raise FailedError(
            f"the checkpoint is stale: it has {checkpoint.size} entries, and the node signed that there "
            f"are {described.log.size}"
        )
    proofs = dict(saved.consistency)
    try:
        compared = view.continues(described.log.size, described.log.root, proofs.get(described.log.size))
    except ProvenError:
        raise FailedError(
            f"the log was forked: it does not begin with the {described.log.size} entries that the node "
            f"signed"
        ) from None
    return described.revision, compared


def check_count(shown: int, revision: int) -> None:
    """Raises `FailedError` if fewer entries of an application are shown than the node signed that it has."""
    if shown < revision:
        raise FailedError(
            f"entries were left out: {shown} are shown, and the node signed that the application has "
            f"{revision}"
        )


def check_description(
    view: LogView,
    saved: SavedLog,
    described: SavedAnswer,
    application: ApplicationId,
    verifier: Verifier,
    pins: Pins,
) -> int:
    """The log goes as far as the node says in a signed description of the application that was asked for
    with it. Returns how many entries the application has by that. Raises `FailedError`, `ProvenError`.
    """
    attested = verify_saved(described, verifier)
    if pins.refuse_development and attested.evidence.platform is Platform.DEVELOPMENT:
        raise FailedError("a development node described the application, which you refuse")
    if (
        not _is_description(described)
        or attested.application_id != application
        or _described(described, application) is None
    ):
        raise FailedError("the node does not sign how far its log goes")
    if not _is_of_its_time(view, attested):
        raise FailedError(
            f"the node signed how far its log goes at another time than it showed the log: on "
            f"{attested.evidence.timestamp:%Y-%m-%d %H:%M:%S UTC}"
        )
    revision, compared = _check_attested_state(view, saved, described, application)
    if not compared:
        raise FailedError("the log is not shown to begin with the entries that the node signed")
    return revision


def _is_description(answer: SavedAnswer) -> bool:
    """Whether the node itself answers there, on every host: elsewhere, it may be the application."""
    return urlsplit(answer.url).path.startswith(DESCRIPTIONS) and answer.status == _OK


def _is_of_its_time(view: LogView, attested: Attested) -> bool:
    """Whether an answer is of the time at which the log was shown, by the clock that dates the evidence."""
    shown = view.attested_at
    return shown is not None and abs((shown - attested.evidence.timestamp).total_seconds()) <= CLOCK_SKEW


class _DescribedLog(msgspec.Struct, frozen=True):
    origin: str
    size: int
    root: bytes


class _Described(msgspec.Struct, frozen=True):
    """What is used of a node's signed description of an application."""

    id: str
    log: _DescribedLog
    revision: int


def _described(answer: SavedAnswer, application: ApplicationId) -> _Described | None:
    """The description, if the answer is one: it is signed, so what it says is the node's word. An
    application's own answer can look like one, and then only speaks against itself.
    """
    folder, _, name = unquote(urlsplit(answer.url).path).rpartition("/")
    if not name or f"{folder}/" not in ("/app/", DESCRIPTIONS) or answer.status != _OK:
        return None
    try:
        described = msgspec.json.decode(answer.body, type=_Described)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if described.id != application:
        raise FailedError("the node's signed description is of another application", LinkName.APPLICATION)
    return described


def _completeness(saved: SavedLog, live: Live, complete: bool) -> str:
    if saved.whole:
        shown = f"all entries of a log, of which {len(live.entries)} are of the application"
    else:
        shown = f"proofs of inclusion of {len(live.entries)} entries"
    return f"{shown}, {'which the node says are all' if complete else 'of which the newest may be missing'}"


def _proof_from(saved: SavedLog, known: Remembered | None) -> tuple[bytes, ...] | None:
    return None if known is None else dict(saved.consistency).get(known.size)
