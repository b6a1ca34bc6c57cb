"""What `proven dev` shows: for people, or one JSON object per line for programs."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import click

from proven.apps import Application
from proven.gateway import Call
from proven.node.local import LocalNode
from proven.packages import HandlerKind
from proven.packages.parameters import Parameter
from proven.packages.typecheck import Diagnostic
from proven.runtime import ConsoleLevel, ConsoleRecord
from proven.wire.errors import ProvenError

from ._handlers import curl, short_name, usage
from ._output import COMMAND, failure_lines, print_json_line, printable

_SHORT_ID: Final = 12
_CALLS_PER_SECOND: Final = 50
_DIAGNOSTICS: Final = 20
"""Type errors shown at a time; `proven check` shows all."""
_RUN_HERE: Final = (HandlerKind.RPC, HandlerKind.HTTP, HandlerKind.HEALTH_CHECK)
_COLOURS: Final = {ConsoleLevel.WARN: "yellow", ConsoleLevel.ERROR: "red", ConsoleLevel.DEBUG: "bright_black"}


@dataclass(frozen=True, slots=True)
class Started:
    """A development node that is up. `page` and `console` are URLs, where there are such pages, `public_url`
    is where people reach the node, if not where it listens; `parameters` are those of handlers by address, as
    far as they are known.
    """

    application: Application
    node: LocalNode
    data_dir: Path
    page: str | None = None
    console: str | None = None
    public_url: str | None = None
    parameters: Mapping[str, Sequence[Parameter]] = field(default_factory=dict)


class DevOutput(Protocol):
    """What happens on a development node, told to whoever started it."""

    def started(self, started: Started) -> None: ...

    def deployed(self, application: Application, seconds: float) -> None: ...

    def not_deployed(self, error: ProvenError) -> None: ...

    def checked(self, findings: Sequence[Diagnostic]) -> None: ...

    def called(self, call: Call) -> None: ...

    def console(self, record: ConsoleRecord) -> None: ...

    def stopping(self) -> None: ...


class TextOutput:
    """For a person at a terminal: of more calls a second than anyone can read, the rest is only counted."""

    def __init__(self) -> None:
        self._application: Application | None = None
        self._sound = True
        self._shown = 0
        self._counted = 0
        self._second: asyncio.TimerHandle | None = None

    def started(self, started: Started) -> None:
        application, node = started.application, started.node
        self._application = application
        report = node.runtime_report()
        click.echo()
        click.secho(f"  {application.name} is live", fg="green", bold=True)
        click.echo(f"  package   {application.package_id}")
        click.echo(f"  node      {node.url}")
        if started.public_url is not None:
            click.echo(f"  public    {started.public_url}")
        if started.page is not None:
            click.echo(f"  page      {click.style(started.page, bold=True)}")
        if started.console is not None:
            click.echo(f"  console   {started.console}")
        click.echo(f"  explorer  {started.public_url or node.url}/explorer/")
        if node.metrics_url is not None:
            click.echo(f"  metrics   {node.metrics_url}")
        click.echo(f"  data      {started.data_dir.resolve()}")
        click.echo("  evidence  development: it proves nothing about this machine")
        click.echo(f"  sandbox   {len(report.active_layers)} layers" + _missing(report.unavailable_layers))
        click.echo()
        for line in how_to_call(application, started.public_url or node.url, started.parameters):
            click.echo(f"  {line}" if line else "")
        click.echo()
        click.secho("  Saving a file deploys it. Ctrl-C stops the node.", fg="bright_black")
        click.echo()

    def deployed(self, application: Application, seconds: float) -> None:
        before, self._application = self._application, application
        if before is not None and before.package_id == application.package_id:
            return
        short = application.package_id[:_SHORT_ID]
        kinds = [handler.kind for handler in application.manifest.handlers]
        healthy = ", healthy" if HandlerKind.HEALTH_CHECK in kinds else ""
        self._line(click.style(f"deployed {short} in {seconds * 1000:.0f} ms{healthy}", fg="green"))
        known = [handler.address for handler in before.manifest.handlers] if before else []
        present = [handler.address for handler in application.manifest.handlers]
        for address in known:
            if address not in present:
                self._line(click.style(f"handler {address} is gone", fg="yellow"))
        for address in present:
            if address not in known:
                self._line(f"new handler {address}")

    def not_deployed(self, error: ProvenError) -> None:
        for line in failure_lines(error):
            self._line(click.style(printable(line), fg="red"))
        if self._application is not None:
            self._line(f"still running {self._application.package_id[:_SHORT_ID]}")

    def checked(self, findings: Sequence[Diagnostic]) -> None:
        for finding in findings[:_DIAGNOSTICS]:
            self._line(click.style(printable(str(finding)), fg="yellow"))
        if findings:
            count = len(findings)
            self._line(
                click.style(
                    f"{count} type error{'s' if count > 1 else ''}; it runs all the same", fg="yellow"
                )
            )
        elif not self._sound:
            self._line(click.style("no type errors any more", fg="green"))
        self._sound = not findings

    def called(self, call: Call) -> None:
        if self._second is None:
            self._second = asyncio.get_running_loop().call_later(1, self._next_second)
        if self._shown >= _CALLS_PER_SECOND:
            self._counted += 1
            return
        self._shown += 1
        took = f"{call.seconds * 1000:.1f} ms"
        name = short_name(call.handler)
        asked = (
            ""
            if call.http is None
            else printable(f"{call.http.method} {call.http.path}  {call.http.status}  ")
        )
        if call.error is None:
            self._line(f"{asked}{name}  {click.style(took, fg='bright_black')}")
            return
        self._line(f"{asked}{name}  {click.style(call.error.code, fg='red')}  {took}")
        for line in failure_lines(call.error):
            self._line(f"{name} │ {click.style(printable(line), fg='red')}")

    def console(self, record: ConsoleRecord) -> None:
        name = short_name(record.handler) if record.handler else "top level"
        text = f"({record.dropped} more lines were dropped)" if record.dropped else record.text
        for line in text.splitlines() or [""]:
            self._line(f"{name} │ {click.style(printable(line), fg=_COLOURS.get(record.level))}")

    def _next_second(self) -> None:
        if self._counted:
            self._line(click.style(f"and {self._counted:,} calls more in this second", fg="bright_black"))
        self._shown = self._counted = 0
        self._second = None

    def stopping(self) -> None:
        click.echo("\nStopping: calls under way may finish.", err=True)

    def _line(self, text: str) -> None:
        click.echo(f"{click.style(time.strftime('%H:%M:%S'), fg='bright_black')}  {text}")


class JsonOutput:
    """One object per line on stdout, each with the `event` it is about."""

    def started(self, started: Started) -> None:
        application, node = started.application, started.node
        report = node.runtime_report()
        self._event(
            "started",
            **_described(application),
            url=node.url,
            public_url=started.public_url,
            page=started.page,
            console=started.console,
            metrics=node.metrics_url,
            data_dir=str(started.data_dir.resolve()),
            sandbox={
                "active": sorted(report.active_layers),
                "unavailable": dict(report.unavailable_layers),
            },
            handlers=[
                {
                    "address": handler.address,
                    "kind": handler.kind,
                    "runs": handler.kind in _RUN_HERE,
                    "parameters": [
                        dataclasses.asdict(parameter) for parameter in started.parameters[handler.address]
                    ]
                    if handler.address in started.parameters
                    else None,
                }
                for handler in application.manifest.handlers
            ],
        )

    def deployed(self, application: Application, seconds: float) -> None:
        self._event("deployed", **_described(application), seconds=round(seconds, 6))

    def not_deployed(self, error: ProvenError) -> None:
        self._event("not_deployed", error=error.to_record())

    def checked(self, findings: Sequence[Diagnostic]) -> None:
        self._event("checked", problems=[dataclasses.asdict(finding) for finding in findings])

    def called(self, call: Call) -> None:
        self._event(
            "called",
            application=call.application,
            package_id=call.package_id,
            handler=call.handler,
            kind=call.kind,
            identity=call.identity,
            seconds=round(call.seconds, 6),
            error=call.error and call.error.to_record(),
            http=call.http and dataclasses.asdict(call.http),
        )

    def console(self, record: ConsoleRecord) -> None:
        self._event(
            "console",
            handler=record.handler,
            level=record.level,
            text=record.text,
            dropped=record.dropped,
        )

    def stopping(self) -> None:
        self._event("stopping")

    def _event(self, event: str, **fields: Any) -> None:
        print_json_line({"event": event, **fields})


def how_to_call(
    application: Application, url: str, parameters: Mapping[str, Sequence[Parameter]]
) -> list[str]:
    """One line per handler that says how to call it, and one per handler that this version does not run."""
    lines = []
    names = [short_name(handler.address) for handler in application.manifest.handlers]
    for handler, name in zip(application.manifest.handlers, names, strict=True):
        called = name if names.count(name) == 1 else f"'{handler.address}'"
        if handler.kind is HandlerKind.RPC:
            arguments = usage(parameters.get(handler.address))
            lines.append(f"{COMMAND} call {application.name} {called} {arguments}".rstrip())
        elif handler.kind is HandlerKind.HTTP:
            lines.append(curl(url, handler.options.method, handler.options.path or "/"))
        elif handler.kind is HandlerKind.HEALTH_CHECK:
            lines.append(f"{handler.address} runs before calls go to a new version")
        else:
            lines.append(
                f"{handler.address} waits for {handler.kind} triggers, which this version does not run"
            )
    if any(handler.kind is HandlerKind.RPC for handler in application.manifest.handlers):
        lines += ["", "Arguments are JSON. Add --as NAME to a call to identify as somebody."]
    return lines


def _missing(unavailable: Any) -> str:
    return "" if not unavailable else "; not available here: " + ", ".join(sorted(unavailable))


def _described(application: Application) -> dict[str, Any]:
    return {
        "application": application.name,
        "application_id": application.id,
        "package_id": application.package_id,
        "version": application.version,
    }
