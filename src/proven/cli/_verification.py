"""What `proven verify` does: collect what an answer is checked against, examine it, and report."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from proven.attestation import Verifier
from proven.client.bundle import MAX_BUNDLE, Bundle
from proven.client.collect import collecting
from proven.client.pins import LogMemory, Pins
from proven.client.report import LinkName, Report, Status
from proven.client.times import witnessed
from proven.client.verification import examine
from proven.node.presence import Presence, discover
from proven.wire import ids, words
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import NoteKey

from ._durations import read_duration
from ._nodes import Found, find_node, node_at, verifier
from ._output import COMMAND, print_json, printable
from .app._files import write_new

_TARGET: Final = re.compile(r"([A-Za-z0-9-]{1,64})@(https?://.+)")
_MARKS: Final = {Status.HOLDS: ("✓", "green"), Status.FAILS: ("✗", "red"), Status.UNCHECKED: ("–", None)}


@dataclass(frozen=True, slots=True)
class _Target:
    """What to verify: an application at a node, the answer at a URL, or what was saved in a file."""

    url: str = ""
    application: str | None = None
    file: Path | None = None


def run_verify(
    target: str,
    *,
    pins: Iterable[str],
    save: Path | None,
    whole_log: bool,
    source: bool,
    timeout: float,
    as_json: bool,
    evidence: Mapping[str, Any],
) -> int:
    """Verify, print what follows, and return what the command exits with."""
    wanted = read_pins(pins)
    found = _read_target(target)
    if save is not None and save.exists():
        raise ProvenError(
            ErrorCode.CONFLICT, f"{save} exists, and no file is replaced: choose another name for --save"
        )
    file = found.file
    saved = None if file is None else _read_file(file)
    if saved is not None:
        found = _Target(url=saved.answer.url)
    known = _known_node(found, discover())
    if known is not None and not found.url:
        found = _Target(url=known.url, application=found.application)
    deciding = _deciding(found, file, known, evidence)
    memory = LogMemory.default()
    bundle = saved
    if bundle is None or bundle.log is None:
        place = Found(found.url, deciding, known)
        with place.telling_what_runs() if found.application else contextlib.nullcontext():
            bundle = asyncio.run(
                _collect(found, saved, memory, whole=whole_log, source=source, timeout=timeout)
            )
    report = examine(bundle, deciding, pins=wanted, memory=memory)
    if report.state is not None and report.attested is not None and saved is None:
        memory.remember(report.attested.application_id, report.state)
    if save is not None:
        write_new(save, bundle.encode())
    if as_json:
        print_json(to_record(report, bundle))
    else:
        print_report(report)
        if save is not None:
            again = _check_again(save, evidence)
            click.echo(f"Saved in {save}: `{again}` checks it again, without a network.")
    return report.exit_code


async def _collect(
    target: _Target, saved: Bundle | None, memory: LogMemory, *, whole: bool, source: bool, timeout: float
) -> Bundle:
    async with collecting(target.url, timeout=timeout) as collector:
        if saved is not None:
            answer, asked = saved.answer, saved.asked
        elif target.application is not None:
            answer, asked = await collector.describe(target.application), target.application
        else:
            answer, asked = await collector.ask(target.url), None
        return await collector.bundle(
            answer,
            asked=asked,
            memory=memory,
            whole=whole,
            session=target.application is not None,
            source=source,
            describe=target.application is None,
            kept=saved is not None,
        )


def read_pins(texts: Iterable[str]) -> Pins:
    """Pins as they are written on the command line. Raises `ProvenError` (`BAD_REQUEST`)."""
    values: dict[str, Any] = {}
    witnesses: list[NoteKey] = []
    for text in texts:
        name, _, value = text.partition("=")
        match name:
            case "package":
                values["only_package"] = ids.parse_package_id(value)
            case "min-delay" if (seconds := read_duration(value)) is not None:
                values["min_delay"] = seconds
            case "min-delay":
                raise ProvenError(
                    ErrorCode.BAD_REQUEST,
                    f"--pin min-delay: {value[:80]!r} is no delay such as 30s, 10m, 2h or 7d",
                )
            case "hardware" if not value:
                values["refuse_development"] = True
            case "witness":
                witnesses.append(NoteKey.parse(value))
            case "min-witnesses" if value.isdecimal() and len(value) < 4:
                values["min_witnesses"] = int(value)
            case "notice-witnessed" if not value:
                values["notice_witnessed"] = True
            case _:
                raise ProvenError(
                    ErrorCode.BAD_REQUEST,
                    f"{text[:100]!r} is no pin: there are package=ID, min-delay=7d, hardware, witness=KEY, "
                    "min-witnesses=N and notice-witnessed",
                )
    try:
        return Pins(witnesses=tuple(witnesses), **values)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"--pin: {error}") from None


def to_record(report: Report, bundle: Bundle) -> dict[str, Any]:
    """A report for programs."""
    record: dict[str, Any] = {
        "at": report.at.isoformat(),
        "holds": report.failed is None,
        "exit_code": report.exit_code,
        "answer": bundle.answer.url,
        "links": [
            {"name": link.name, "status": link.status, "found": link.found, "against": link.against}
            for link in report.links
        ],
    }
    if report.attested is not None:
        record |= {
            "platform": report.attested.evidence.platform,
            "application_id": report.attested.application_id,
            "package_id": report.attested.package_id,
            "log_index": report.attested.log_index,
        }
    if report.live is not None:
        live = report.live.record
        record["application"] = {
            "name": live.name,
            "owner": live.owner.hex(),
            "version": report.live.version.number,
            "policy": words.fields(live.policy),
            "archived": live.archived,
            "pending": None if live.pending is None else live.pending.activates_at,
        }
        version = report.live.version
        record["notice"] = {
            "announced_at": report.live.times[version.announced_index],
            "in_force_at": version.at,
            "witnessed": [
                {
                    "witness": each.witness,
                    "not_before": None if each.after is None else 1000 * each.after,
                    "by": 1000 * each.by,
                }
                for each in witnessed(version.announced_index, report.sightings)
            ],
        }
    if report.state is not None:
        record["log"] = {
            "origin": report.state.origin,
            "size": report.state.size,
            "root": report.state.root,
            "key": report.state.verifier_key,
        }
    return record


def print_report(report: Report) -> None:
    width = max(map(len, LinkName))
    for link in report.links:
        mark, colour = _MARKS[link.status]
        click.echo(f"{click.style(mark, fg=colour)} {link.name.value:<{width}}  {printable(link.found)}")
        if link.against:
            click.secho(f"  {'':<{width}}  by {printable(link.against)}", dim=True)
    click.echo()
    if report.failed is not None:
        click.secho(f"The chain breaks at {report.failed.name.value}: do not rely on this answer.", fg="red")
    else:
        unchecked = [link.name.value for link in report.links if link.status is Status.UNCHECKED]
        rest = f" Not checked: {', '.join(unchecked)}." if unchecked else ""
        click.echo(f"Everything that was checked holds, as of {report.at:%Y-%m-%d %H:%M:%S UTC}.{rest}")


def _read_target(text: str) -> _Target:
    matched = _TARGET.fullmatch(text)
    if matched is not None:
        return _Target(url=matched[2], application=matched[1])
    if text.startswith(("http://", "https://")):
        return _Target(url=text)
    file = Path(text)
    if file.is_file():
        return _Target(file=file)
    if re.fullmatch(r"[a-z0-9-]{1,64}", text):
        return _Target(application=text)
    if file.is_dir():
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{text[:200]} is a folder, and no file that --save wrote")
    raise ProvenError(
        ErrorCode.BAD_REQUEST,
        f"{text[:200]!r} is no application, no address with http(s)://, and no file here",
    )


def _read_file(file: Path) -> Bundle:
    with file.open("rb") as opened:
        content = opened.read(MAX_BUNDLE + 1)
    try:
        return Bundle.decode(content)
    except ProvenError as error:
        raise ProvenError(error.code, f"{file} is no saved verification: {error.message}") from None


def _known_node(target: _Target, nodes: list[Presence]) -> Presence | None:
    """The node on this machine that is meant, if one is. Raises `ProvenError` if none is found by name."""
    if target.url:
        return node_at(target.url, nodes)
    application = target.application or ""
    return find_node(nodes, application, by=f"as {application}@URL")


def _deciding(
    found: _Target, file: Path | None, known: Presence | None, evidence: Mapping[str, Any]
) -> Verifier:
    """What decides about the evidence. Who verifies a file has no node to be told of."""
    if file is not None and known is None and not any(evidence.values()):
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"say what evidence you accept of who gave the answer in {file}: --pcr0 HEX of Nitro hardware, "
            "--development-root FILE or --any-development-node of development nodes",
        )
    return verifier(known, evidence, found.url)


def _check_again(saved: Path, evidence: Mapping[str, Any]) -> str:
    """The command that verifies what was saved, also where the node that answered is not known any more."""
    root: Path | None = evidence["development_root"]
    pcr0: str | None = evidence["pcr0"]
    if root is not None:
        accepted = f"--development-root {shlex.quote(str(root))}"
    else:
        accepted = "--any-development-node" if pcr0 is None else f"--pcr0 {pcr0}"
    return f"{COMMAND} verify {shlex.quote(str(saved))} {accepted}"
