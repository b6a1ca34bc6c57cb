"""What the log, as it was saved with an answer, says about that answer: rules without input or output."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import msgspec

from proven.attestation import Platform, Verifier
from proven.client.bundle import DESCRIPTIONS, Bundle, SavedAnswer, SavedLog
from proven.client.log import Live, LogView, check_remembered, check_times, open_saved, replay
from proven.client.pins import LogMemory, Pins, Remembered
from proven.client.report import FailedError, Link, LinkName, Status
from proven.client.responses import Attested, verify_saved
from proven.client.times import Sighting
from proven.wire import ids
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.words import moment


@dataclass(frozen=True, slots=True)
class LogFinding:
    """The link, what the log says about the application, what to remember of the log, and when the required
    witnesses saw it.
    """

    link: Link
    live: Live
    state: Remembered
    sightings: tuple[Sighting, ...]


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
    _check_attested_state(view, saved, bundle.answer, answer.application_id)
    if bundle.described is not None:
        _check_description(view, saved, bundle.described, answer.application_id, verifier, pins)
    known = _known(view, answer.application_id, memory)
    compared = check_remembered(view, known, _proof_from(saved, known), bundle.time)
    live = replay(view, answer.application_id, answer.package_id, answer.log_index)
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
                compared,
                _completeness(saved, live),
                "times that never go back and are not yet to come",
                *(f"cosigned by {each.witness} on {moment(1000 * each.at)}" for each in cosigned),
            ]
        ),
    )
    return LogFinding(link, live, state, sightings)


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
) -> None:
    """The log is at least as far as the node says in the description that it signed."""
    described = _described(answer, application)
    if described is None:
        return
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
        view.continues(described.log.size, described.log.root, proofs.get(described.log.size))
    except ProvenError:
        raise FailedError(
            f"the log was forked: it does not begin with the {described.log.size} entries that the node "
            f"signed"
        ) from None
    if not saved.whole and len(saved.entries) < described.revision:
        raise FailedError(
            f"entries were left out: {len(saved.entries)} are shown, and the node signed that the "
            f"application has {described.revision}"
        )


def _check_description(
    view: LogView,
    saved: SavedLog,
    described: SavedAnswer,
    application: ApplicationId,
    verifier: Verifier,
    pins: Pins,
) -> None:
    """The same by a description that was asked for besides the answer."""
    attested = verify_saved(described, verifier)
    if pins.refuse_development and attested.evidence.platform is Platform.DEVELOPMENT:
        raise FailedError("a development node described the application, which you refuse")
    is_nodes = urlsplit(described.url).path == DESCRIPTIONS + application
    if not is_nodes or attested.application_id != application or _described(described, application) is None:
        raise FailedError("the node does not sign how far its log goes")
    _check_attested_state(view, saved, described, application)


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
    if not name or f"{folder}/" not in ("/app/", DESCRIPTIONS) or answer.status != 200:
        return None
    try:
        described = msgspec.json.decode(answer.body, type=_Described)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if described.id != application:
        raise FailedError("the node's signed description is of another application", LinkName.APPLICATION)
    return described


def _completeness(saved: SavedLog, live: Live) -> str:
    if saved.whole:
        return f"all entries of the log, of which {len(live.entries)} are of the application"
    return (
        f"proofs of inclusion of {len(live.entries)} entries, which the node says are all of the application"
    )


def _proof_from(saved: SavedLog, known: Remembered | None) -> tuple[bytes, ...] | None:
    return None if known is None else dict(saved.consistency).get(known.size)
