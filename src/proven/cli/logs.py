"""`proven logs`: what an application said, and what it says, for whoever can change it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from ._nodes import running_applications
from ._output import json_option
from ._owner import Node, ago, owner_options, warn_if_unknown

if TYPE_CHECKING:
    from proven.wire.commands import LogLevel

    from ._log_lines import Line

_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "log", "info", "warn", "error")


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--since", callback=ago, metavar="TIME", help="Not before: 10m, 2h, 1d or 2026-01-31T12:00.")
@click.option("--handler", metavar="NAME", help="Only of this handler: its export, or its address.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only this severe, or more.")
@owner_options
@partial(json_option, lines=True)
def logs(
    application: str,
    follow: bool,
    since: float | None,
    handler: str | None,
    level: LogLevel | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Print the log of APPLICATION (a name or an id): console lines, errors with their stacks, deploys, and
    what was ended for taking too long or too much.

    It is for the keys that can change it alone: its owner's, and those that sign together under its policy;
    say with --key which is yours, or with --passkey that you sign on the owner page of the node: that this
    command may read the logs of this application, for 20 minutes, or 12 hours with --follow. Without either,
    the key is that of what `proven dev` deploys on this machine.

    With --follow it goes on, over lost connections and restarts of the node, without printing a line twice;
    where lines are gone, stderr says how many. Control characters are shown as replacement characters; --json
    has everything as it was said.

    \b
    Examples:
      proven logs todo
      proven logs todo --follow --level warn
      proven logs todo --since 10m --handler addTodo
      proven logs todo --since 1d --json | jq 'select(.code == "HANDLER_TIMEOUT")'
      proven logs todo --key keyring:todo
      proven logs todo --follow --passkey
      proven logs todo --node https://example.org --pcr0 3b1f… --key owner.key
    """
    from ._log_lines import Printer, print_line_json

    node = Node.named(application, **where)
    if handler is not None:
        warn_if_unknown(node.found, application, handler)
    show = print_line_json if as_json else Printer()
    asyncio.run(_read(node, application, follow, since, handler, level, show))


async def _read(
    node: Node,
    application: str,
    follow: bool,
    since: float | None,
    handler: str | None,
    level: LogLevel | None,
    show: Callable[[Line], None],
) -> None:
    moment = None if since is None else int((time.time() - since) * 1000)
    async with node.reading(application, "logs", following=follow) as reader:
        reading = reader.client.logs(
            reader.application,
            since=moment,
            handler=handler,
            level=level,
            follow=follow,
            permission=reader.permission,
        )
        async with contextlib.aclosing(reading) as lines:
            async for line in lines:
                show(line)
