"""`proven app`: what owners do with their applications, by commands that they sign."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from proven.apps import ApplicationRecord, Pending, Version
from proven.client import _words
from proven.client.owner import ReadLog
from proven.gateway.explorer._words import command as in_words
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    TransferOwnership,
    UnlinkDomain,
    Veto,
    guardians_of,
    require_key,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.origins import canonical_origin

from . import _signing as signing
from ._output import COMMAND, json_option, print_json, printable
from ._policies import read_policy
from .call import _running_applications
from .key import KEY_FILE, public_key, read_key
from .package import _package_of
from .verify import _readable

APP = click.argument("application", metavar="APP", shell_complete=_running_applications)
YES = click.option("--yes", is_flag=True, help="Do not ask.")
_NONCE_BYTES = 16


@click.group()
def app() -> None:
    """Create, change and hand over your applications, by commands that you sign.

    A command is signed here, by a key of `proven key new`, and becomes an entry of the network's public log;
    the node never sees the key. Before anything is signed, the log is read and verified: its key is attested,
    its entries follow the rules, and it continues what this machine saw before. A command is for the
    application as it is then. If somebody is faster, it is refused, and what happened meanwhile is shown.

    \b
    Examples: a first application
      proven key new owner.key
      proven app create todo --key owner.key
      proven app deploy todo ./todo --key owner.key
      proven app policy todo timelock 7d --key owner.key
      proven app show todo

    \b
    Examples: several keys, at several machines
      proven app deploy todo ./todo --key a.key --save upgrade.command
      proven app sign upgrade.command --key b.key
      proven app send upgrade.command --package ./todo

    Keys are in files: the keyrings of operating systems are not supported.
    """


@app.command()
@click.argument("name")
@click.option("--policy", "policy", metavar="WORDS", help="Its upgrade policy, quoted.  [default: owner]")
@click.option("--guardian", "guardians", multiple=True, metavar="KEY", help="Who can veto. Repeatable.")
@signing.creating_options
@json_option
def create(name: str, policy: str | None, guardians: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Create an application that the holder of the key owns.

    A name is for ever: nobody gets it again, not even when the application was archived. Under a policy with
    a delay the first version waits too; deploy first and set the policy then, if nobody depends on it yet.

    \b
    Examples:
      proven app create todo --key owner.key
      proven app create todo --key owner.key --policy "timelock 7d"
    """
    how = signing.Signing.of(options)
    if len(how.keys) != 1:
        raise _bad("an application is created by its owner's signature alone: give one --key")
    if guardians and policy is None:
        raise _bad("guardians veto what is announced: add --policy 'timelock 7d'")
    nonce = os.urandom(_NONCE_BYTES)
    command = CreateApplication(
        name=name, nonce=nonce, policy=None if policy is None else read_policy(policy.split(), guardians)
    )
    made = application_id(how.keys[0].public_key, nonce)
    place = signing.Place.of(name, options)
    sent = asyncio.run(signing.create(command, made, how, place))
    signing.tell(sent, as_json)
    if sent.result is not None and not as_json:
        click.echo(f"Its id is {made}.")


@app.command()
@APP
@click.argument("package", metavar="[FOLDER|FILE]", default=".")
@signing.signing_options
@json_option
def deploy(application: str, package: str, as_json: bool, **options: Any) -> None:
    """Make a package the next version: a FOLDER (default: here), built as `proven package build` does, or a
    package FILE.

    Where the policy has a delay, the version is announced and comes into force when the delay is over; the
    present one answers until then.

    \b
    Examples:
      proven app deploy todo ./todo --key owner.key
      proven app deploy todo todo.package --key a.key --key b.key
    """
    how, place = signing.Signing.of(options), signing.Place.of(application, options)
    built = _package_of(package, options["timeout"])
    command = Deploy(package_id=built.id)
    archive = b"" if how.save else built.to_archive()
    signing.tell(asyncio.run(signing.change(application, command, how, place, archive)), as_json)


def _simple(application: str, command: Command, as_json: bool, options: dict[str, Any]) -> None:
    """Sign a command and hand it in, and print what became of it."""
    how, place = signing.Signing.of(options), signing.Place.of(application, options)
    signing.tell(asyncio.run(signing.change(application, command, how, place)), as_json)


@app.command()
@APP
@click.argument("version", type=click.IntRange(min=1))
@signing.signing_options
@json_option
def rollback(application: str, version: int, as_json: bool, **options: Any) -> None:
    """Make the package of an earlier VERSION the next version. Where the policy has a delay, so has this.

    \b
    Example:
      proven app rollback todo 3 --key owner.key
    """
    _simple(application, RollBack(version=version), as_json, options)


@app.command()
@APP
@click.argument("words", nargs=-1, required=True)
@click.option("--guardian", "guardians", multiple=True, metavar="KEY", help="Who can veto. Repeatable.")
@YES
@signing.signing_options
@json_option
def policy(
    application: str,
    words: tuple[str, ...],
    guardians: tuple[str, ...],
    yes: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Set who may change APP, and after what notice.

    \b
    WORDS is one of:
      owner                           the owner, at once
      immutable                       nobody, ever (asks first; --yes says so beforehand)
      timelock 7d                     the owner; announced 7 days before (60s to 365d)
      multisig 2 of KEY KEY KEY       two of these keys together, at once
      timelock 7d multisig 2 of KEY…  both

    A policy changes only by its own rule: to shorten a delay, you wait for the delay. Guardians can veto what
    is announced, and do nothing else. A KEY is what `proven key show FILE` prints.

    \b
    Examples:
      proven app policy todo timelock 7d --guardian 5c8e… --key owner.key
      proven app policy todo multisig 2 of 1f0a… 5c8e… 93d2… --key owner.key
      proven app policy todo immutable --key owner.key
    """
    wanted = read_policy(words, guardians)
    if isinstance(wanted, Immutable):
        question = f"Nobody, you included, can change {application} or this policy ever again. Do it?"
        signing.confirm(question, yes)
    _simple(application, SetUpgradePolicy(policy=wanted), as_json, options)


@app.command()
@APP
@click.argument("key")
@YES
@signing.signing_options
@json_option
def transfer(application: str, key: str, yes: bool, as_json: bool, **options: Any) -> None:
    """Make the holder of the public KEY the owner of APP. Where the policy has a delay, so has this.

    \b
    Example:
      proven app transfer todo $(proven key show new-owner.key) --key owner.key
    """
    to = public_key(key)
    try:
        require_key(to)
    except ValueError as error:
        raise _bad(f"{key} is {error}") from None
    signing.confirm(f"Only who holds the key {key} can give {application} back. Do it?", yes)
    _simple(application, TransferOwnership(to=to), as_json, options)


@app.group()
def origin() -> None:
    """Say which pages may use an application, by their origin.

    \b
    Examples:
      proven app origin add todo https://todo.example --key owner.key
      proven app origin remove todo https://todo.example --key owner.key
    """


@origin.command("add")
@APP
@click.argument("origin", metavar="ORIGIN")
@signing.signing_options
@json_option
def origin_add(application: str, origin: str, as_json: bool, **options: Any) -> None:
    """Let pages of ORIGIN use APP, such as https://todo.example.

    \b
    Example:
      proven app origin add todo https://todo.example --key owner.key
    """
    _simple(application, AddAllowedOrigin(origin=_origin(origin)), as_json, options)


@origin.command("remove")
@APP
@click.argument("origin", metavar="ORIGIN")
@signing.signing_options
@json_option
def origin_remove(application: str, origin: str, as_json: bool, **options: Any) -> None:
    """No longer let pages of ORIGIN use APP.

    \b
    Example:
      proven app origin remove todo https://todo.example --key owner.key
    """
    _simple(application, RemoveAllowedOrigin(origin=_origin(origin)), as_json, options)


@app.group()
def domain() -> None:
    """Claim a domain for an application. A claim leads nowhere before a node has recorded a proof of it.

    \b
    Examples:
      proven app domain link todo todo.example --key owner.key
      proven app domain unlink todo todo.example --key owner.key
    """


@domain.command("link")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing.signing_options
@json_option
def domain_link(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Claim DOMAIN for APP. Nodes of this version look for no proof, so none is recorded yet.

    \b
    Example:
      proven app domain link todo todo.example --key owner.key
    """
    _simple(application, LinkDomain(domain=_text(domain).lower()), as_json, options)


@domain.command("unlink")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing.signing_options
@json_option
def domain_unlink(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Give up the claim of DOMAIN.

    \b
    Example:
      proven app domain unlink todo todo.example --key owner.key
    """
    _simple(application, UnlinkDomain(domain=_text(domain).lower()), as_json, options)


@app.command()
@APP
@signing.signing_options
@json_option
def cancel(application: str, as_json: bool, **options: Any) -> None:
    """Take back the announced change of APP, by the keys that could announce it.

    \b
    Example:
      proven app cancel todo --key owner.key
    """
    _simple(application, CancelUpgrade(), as_json, options)


@app.command()
@APP
@signing.signing_options
@json_option
def veto(application: str, as_json: bool, **options: Any) -> None:
    """Refuse the announced change of APP, by the key of one of its guardians.

    \b
    Example:
      proven app veto todo --key guardian.key
    """
    _simple(application, Veto(), as_json, options)


@app.command()
@APP
@YES
@signing.signing_options
@json_option
def archive(application: str, yes: bool, as_json: bool, **options: Any) -> None:
    """End APP for good. It answers no more, and nobody ever gets its name.

    \b
    Example:
      proven app archive todo --key owner.key
    """
    signing.confirm(f"{application} ends for good, and nobody ever gets its name. Do it?", yes)
    _simple(application, Archive(), as_json, options)


@app.command("sign")
@click.argument("file", type=KEY_FILE)
@click.option("--key", "keys", multiple=True, type=KEY_FILE, metavar="FILE", help="Sign by this. Repeatable.")
@YES
@json_option
def sign_command(file: Path, keys: tuple[Path, ...], yes: bool, as_json: bool) -> None:
    """Show what the signed command in FILE says, and with --key add a signature to it.

    Needs no network. What you sign is what is shown: for a package, `proven package hash FOLDER` tells
    whether it is the one that you think it is.

    \b
    Examples:
      proven app sign upgrade.command
      proven app sign upgrade.command --key b.key
    """
    signed = signing.read_signed(file)
    owners = [read_key(each) for each in keys]
    if not as_json or (owners and not yes):
        for line in signing.describe(signed):
            click.echo(line, err=as_json)
    if owners:
        signing.confirm("Sign this?", yes)
        signed = signed.cosigned(*owners)
        signing.rewrite(file, signed.encode())
    if as_json:
        print_json(signing.to_record(signing.Sent(signed, "")))
    elif owners:
        click.echo(f"Signed: {file} has {len(signed.signatures)} signatures now.")
        click.echo(f"next: `{COMMAND} app send {file}`, once there are enough", err=True)


@app.command()
@click.argument("file", type=KEY_FILE)
@click.option("--package", "package", metavar="FOLDER|FILE", help="The package that a deployment is of.")
@signing.node_options
@json_option
def send(file: Path, package: str | None, as_json: bool, **options: Any) -> None:
    """Hand in the signed command in FILE. Anybody can: what counts is who signed.

    \b
    Examples:
      proven app send upgrade.command --package ./todo
      proven app send policy.command --node https://node.example --pcr0 3b1f…
    """
    signed = signing.read_signed(file)
    command, content = signed.body.command, b""
    if package is not None:
        built = _package_of(package, options["timeout"])
        if not isinstance(command, Deploy):
            raise _bad(f"{file} deploys nothing: leave out --package")
        if built.id != command.package_id:
            raise _bad(f"{package} is the package {built.id}, and {file} deploys {command.package_id}")
        content = built.to_archive()
    name = command.name if isinstance(command, CreateApplication) else signed.application_id
    place = signing.Place.of(name, options)

    async def hand_in() -> signing.Sent:
        async with place.node() as node:
            return await signing.hand_in(node, signed, name, content)

    sent = asyncio.run(hand_in())
    if sent.log is not None:
        sent.name = sent.log.find(signed.application_id).name
    signing.tell(sent, as_json)


@app.command()
@APP
@signing.node_options
@json_option
def show(application: str, as_json: bool, **options: Any) -> None:
    """Print what the log says about APP: its owner, version, policy, and what is announced.

    \b
    Examples:
      proven app show todo
      proven app show todo --json --node https://node.example --pcr0 3b1f…
    """
    log = asyncio.run(_read(application, signing.Place.of(application, options)))
    record = log.find(application)
    if as_json:
        print_json(_to_record(log, record))
    else:
        for name, value in _lines(log, record):
            click.echo(printable(f"{name:<12} {value}"))


@app.command("list")
@click.option("--owner", metavar="KEY", help="Only those that the holder of this public key owns.")
@signing.node_options
@json_option
def list_command(owner: str | None, as_json: bool, **options: Any) -> None:
    """Print all applications of the network, from the whole log.

    \b
    Examples:
      proven app list
      proven app list --owner $(proven key show owner.key)
    """
    wanted = None if owner is None else public_key(owner)
    log = asyncio.run(_read(None, signing.Place.of(None, options)))
    found = [record for record in log.all() if wanted in (None, record.owner)]
    if as_json:
        print_json([_to_record(log, record) for record in found])
        return
    for record in found:
        version = f"version {record.version}" if record.version else "no version"
        pending = ", a change is announced" if record.pending else ""
        archived = ", archived" if record.archived else ""
        click.echo(printable(f"{record.id}  {record.name:<24} {version}{pending}{archived}"))
    if not found:
        click.echo(f"There is none; `{COMMAND} app create NAME --key FILE` makes one.", err=True)


async def _read(application: str | None, place: signing.Place) -> ReadLog:
    async with place.node() as node:
        log = await node.read(application, whole=application is None)
    if application is None and not log.view.whole:
        raise ProvenError(
            ErrorCode.TOO_LARGE, "the log is too long to be read here; its node lists them at /explorer/"
        )
    return log


def _lines(log: ReadLog, record: ApplicationRecord) -> list[tuple[str, str]]:
    """An application in words for people."""
    live = log.live(record.id)
    lines = [
        ("application", f"{record.name}  {record.id}"),
        ("owner", record.owner.hex()),
        ("version", _version(live)),
        ("policy", f"it can be changed by {_words.who_may_change(record)}"),
        *(("key", key.hex()) for key in getattr(record.policy, "keys", ())),
        *(("guardian", key.hex()) for key in guardians_of(record.policy)),
    ]
    if record.pending is not None:
        pending = record.pending
        said = _words.pending_change(pending, record.owner)
        lines.append(("pending", f"{said} (entry {pending.log_index})"))
        if isinstance(pending.change, Deploy):
            lines.append(("", f"package {pending.change.package_id}"))
    lines += [("origin", each) for each in record.origins]
    for each in record.domains:
        until = each.proved_until
        proof = "no proof is recorded" if until is None else f"proved until {_words.moment(until)}"
        lines.append(("domain", f"{each.name} ({proof})"))
    checkpoint = log.view.checkpoint
    lines += [
        ("entries", f"{record.revision}, the last on {_words.moment(record.changed_at)}"),
        ("log", f"{checkpoint.origin}, of {checkpoint.size} entries, verified"),
    ]
    return lines


def _version(live: Version | None) -> str:
    if live is None:
        return f"none yet; `{COMMAND} app deploy` makes one"
    back = "" if live.rolled_back_to is None else f", a return to version {live.rolled_back_to}"
    return (
        f"{live.number}{back}: package {live.package_id}, live since {_words.moment(live.at)} "
        f"(entry {live.log_index})"
    )


def _to_record(log: ReadLog, record: ApplicationRecord) -> dict[str, Any]:
    """An application for programs; keys are hexadecimal, times Unix milliseconds."""
    checkpoint = log.view.checkpoint
    fields: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "owner": record.owner,
        "created_at": record.created_at,
        "changed_at": record.changed_at,
        "revision": record.revision,
        "version": record.version,
        "package_id": record.package_id,
        "log_index": record.log_index,
        "archived": record.archived,
        "policy": {"words": _words.who_may_change(record), **_builtins(record.policy)},
        "pending": None if record.pending is None else _pending(record.pending),
        "origins": record.origins,
        "domains": [_builtins(each) for each in record.domains],
        "log": {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root},
    }
    readable: dict[str, Any] = _readable(fields)
    return readable


def _pending(pending: Pending) -> dict[str, Any]:
    return {"words": in_words(pending.change), **_builtins(pending)}


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def _origin(text: str) -> str:
    try:
        return canonical_origin(_text(text))
    except ValueError as error:
        raise _bad(f"{text[:200]!r} is no origin such as https://todo.example: {error}") from None


def _text(text: str) -> str:
    if not 0 < len(text) <= 253:
        raise _bad("it is empty or has more than 253 characters")
    return text


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
