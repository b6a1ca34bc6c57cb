"""`proven call`: one call over a session that this side verified and sealed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ._identities import AS, seed
from ._nodes import find, node_options, running_applications
from ._numbers import Number
from ._output import COMMAND, json_option, print_json, printable

if TYPE_CHECKING:
    from ._calling import Listed


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.argument("handler", required=False)
@click.argument("arguments", metavar="[JSON]…", nargs=-1)
@AS
@node_options
@click.option("--timeout", type=Number(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@click.option("--http", "over_http", is_flag=True, help="Send frames by HTTP requests, not a WebSocket.")
@json_option
def call(
    application: str,
    handler: str | None,
    arguments: tuple[str, ...],
    identity: str | None,
    timeout: float,
    over_http: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Call HANDLER of APPLICATION (a name or an id) with JSON arguments, and print what it returns.

    HANDLER is the name of an export, or module and export where several modules export that name; without
    one, those that can be called are listed. The node's evidence is verified before anything is sent. A node
    on this machine is found, and its development evidence accepted, by itself; for any other, say what
    evidence you accept.

    What JSON has no form for is an object with one key, as it is printed: {"$date": "2026-01-31T12:00:00Z"},
    {"$bytes": "aGk="} (base64), {"$bigint": "123"}, {"$number": "NaN"} (or Infinity, -Infinity, -0),
    {"$undefined": true}, {"$map": [["key", 1]]}, {"$set": [1, 2]}. An argument that is long can be in a file:
    @FILE is the JSON in that file, and - that on stdin.

    \b
    Examples:
      proven call hello
      proven call hello greet '"Ada"'
      proven call todo 'src/todo.ts#add' '{"title": "milk"}' --as ada
      proven call photos add @photo.json '{"$date": "2026-01-31T12:00:00Z"}'
      jq .user people.json | proven call todo import -
      proven call hello greet '"Ada"' --node https://example.org --pcr0 3b1f…
    """
    from ._arguments import read_arguments

    parsed = read_arguments(arguments)
    node = find(application, where)
    from ._calling import list_handlers, run_call
    from ._values import NOTHING

    with node.telling_what_runs():
        if handler is None:
            _print_handlers(application, asyncio.run(list_handlers(node, application, timeout)), as_json)
            return
        answer = asyncio.run(
            run_call(
                node,
                application,
                handler,
                parsed,
                identity=None if identity is None else seed(identity),
                timeout=timeout,
                over_http=over_http,
            )
        )
    if as_json:
        print_json(answer)
    elif answer["value"] is not NOTHING:
        print_json(answer["value"])


def _print_handlers(application: str, handlers: list[Listed], as_json: bool) -> None:
    if as_json:
        print_json([each.name for each in handlers])
        return
    lines = [printable(f"{each.name} {each.arguments}".rstrip()) for each in handlers]
    for line in lines:
        click.echo(line)
    if lines:
        click.echo(f"next: `{COMMAND} call {application} {lines[0]}`, with its arguments as JSON", err=True)
    else:
        click.echo("It has no handlers that can be called.", err=True)
