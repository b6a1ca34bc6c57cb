"""`proven verify`: which code answered, who can change it and when, link by link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ._nodes import evidence_options, running_applications
from ._numbers import Number
from ._output import json_option


@click.command()
@click.argument("target", metavar="APP | APP@URL | URL | FILE", shell_complete=running_applications)
@click.option("--pin", "pins", multiple=True, metavar="WHAT", help="Insist on more; see below. Repeatable.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Keep all of it in one file.")
@evidence_options
@click.option(
    "--whole-log", is_flag=True, help="Read the whole log, however long, to see that nothing is left out."
)
@click.option("--no-source", is_flag=True, help="Do not fetch the package's files.")
@click.option("--timeout", type=Number(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@json_option
@click.pass_context
def verify(
    context: click.Context,
    /,
    target: str,
    pins: tuple[str, ...],
    save: Path | None,
    whole_log: bool,
    no_source: bool,
    timeout: float,
    as_json: bool,
    **evidence: Any,
) -> None:
    """Say which code answered, who can change it and when, and check that link by link.

    The target is an application (an id or a name) at a node, the address of a page or route of one, or a file
    that --save wrote. An application on this machine needs no URL. Each line is one link of the chain: ✓ with
    what it was checked against, ✗ where the chain breaks, – where there is nothing to check. What holds of
    the log is remembered, so that a node which later shows another past is caught.

    \b
    The links, and what the command exits with where one is the first to fail:
      hardware 11     evidence comes from genuine hardware, freshly made
      image 12        the machine runs the software that you accept
      governance 13   who says which software counts (there is none yet)
      node key 14     the answer is signed by the key in the evidence
      session 15      calls are sealed to that software and this application
      application 16  the answer is of the application you asked for
      package 17      which package answered
      source 18       its files hash to its id
      log 19          the public log made it live; signed, included, consistent
      policy 20       who can change it, and with how much notice
      notice 21       since when what is in force was public, as witnesses say

    \b
    Pins:
      --pin package=ID        this package and no other
      --pin min-delay=7d      changes take at least that long (s, m, h, d)
      --pin hardware          refuse development evidence
      --pin witness=KEY       this witness cosigned the log (a verifier key)
      --pin min-witnesses=N   N of the witnesses are enough
      --pin notice-witnessed  they saw every change as long ago as was promised

    \b
    Examples:
      proven verify todo                                  on this machine
      proven verify todo@https://node.example --pcr0 3b1f…
      proven verify https://todo.node.example/ --pcr0 3b1f… --pin min-delay=7d
      proven verify todo --save todo.proof                keep it …
      proven verify todo.proof --development-root r.pem   … and check it years later, offline
    """
    from ._verification import run_verify

    status = run_verify(
        target,
        pins=pins,
        save=save,
        whole_log=whole_log,
        source=not no_source,
        timeout=timeout,
        as_json=as_json,
        evidence=evidence,
    )
    context.exit(status)
