"""`proven package`: what a package is made of, and why its id is what it is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from proven.packages import Package, Registry, build, compare, read_statements, verify
from proven.packages.manifest import HandlerEntry, Manifest
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId, parse_package_id

from ._diff_output import diff_record, print_diff
from ._lazy import Group
from ._numbers import Number
from ._output import indented, json_option, print_json, progress

FOLDER = click.Path(file_okay=False, path_type=Path)


def build_folder(folder: Path) -> Package:
    """Build a folder while telling a terminal which dependency is being fetched."""
    with progress("Building") as update:
        registry = Registry.from_environment(folder, on_fetch=lambda key: update(f"fetching {key}"))
        return build(folder, registry=registry)


@click.group(cls=Group)
def package() -> None:
    """Build packages, and say why their ids are what they are.

    A package is the code of one version of an app: every module as it is written, the npm packages it
    imports, its built front-end files, and the table of its handlers. Its id is a hash over all of that.
    The same folder has the same id on any machine.

    \b
    Examples:
      proven package hash ./todo
      proven package build ./todo -o todo.package
      proven package diff todo.package ./todo
    """


@package.command("hash")
@click.argument("folder", type=FOLDER, default=".")
@click.option("--manifest", is_flag=True, help="Print the manifest, of which the id is the SHA-256.")
@json_option
def hash_command(folder: Path, manifest: bool, as_json: bool) -> None:
    """Print the package id of FOLDER (default: here) and everything that it depends on.

    \b
    Examples:
      proven package hash
      proven package hash examples/todo --json
      proven package hash --manifest | sha256sum     # work the id out yourself
    """
    built = build_folder(folder)
    if manifest:
        sys.stdout.buffer.write(built.manifest.to_json())
    elif as_json:
        print_json(_record(built))
    else:
        _explain(built)


@package.command("build")
@click.argument("folder", type=FOLDER, default=".")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NAME.package."
)
@json_option
def build_command(folder: Path, output: Path | None, as_json: bool) -> None:
    """Write the package of FOLDER (default: here) to one file.

    \b
    Example:
      proven package build examples/todo -o todo.package
    """
    built = build_folder(folder)
    target = output or Path(f"{built.manifest.name.rpartition('/')[2]}.package")
    archive = built.to_archive()
    try:
        target.write_bytes(archive)
    except OSError as error:
        message = f"cannot write {target}: {error.strerror}; choose another place with --output"
        raise ProvenError(ErrorCode.BAD_REQUEST, message) from None
    if as_json:
        print_json({"id": built.id, "file": str(target), "size": len(archive)})
    else:
        click.echo(f"{built.id}  {target} ({len(archive)} bytes)")


@package.command("show")
@click.argument("package", metavar="FOLDER | FILE | ID@URL", type=click.Path())
@click.option("--timeout", type=Number(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@json_option
def show_command(package: str, timeout: float, as_json: bool) -> None:
    """Check a package from anywhere, and print what is in it.

    Every hash is computed again, and the table of handlers is derived again from the code. Packages are named
    as for `proven package diff`.

    \b
    Examples:
      proven package show todo.package
      proven package show examples/todo
      proven package show 3b1f…@https://node.example
    """
    read = _package_of(package, timeout)
    if as_json:
        print_json(_record(read))
    else:
        _explain(read)


def _read_package(file: Path) -> Package:
    try:
        read = Package.from_archive(file.read_bytes())
        verify(read)
    except ProvenError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{file} is not a sound package: {error.message}") from None
    return read


@package.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--stat", is_flag=True, help="Leave out the lines of the sources.")
@click.option("--timeout", type=Number(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@json_option
def diff_command(before: str, after: str, stat: bool, timeout: float, as_json: bool) -> None:
    """Say what is different between the packages A and B.

    Each is a folder, a package file, or ID@URL: the package with that id, from the node at that address
    (its id is computed again from its files). What decides about trust comes first: handlers and their
    options, migrations, dependencies, limits; then front-end files and the lines of the sources.

    \b
    Examples:
      proven package diff ./released .
      proven package diff todo.package examples/todo --stat
      proven package diff 3b1f…@https://node.example 9c0e…@https://node.example
    """
    old, new = _package_of(before, timeout), _package_of(after, timeout)
    difference = compare(old, new)
    if as_json:
        print_json(diff_record(difference))
    else:
        print_diff(difference, stat=stat)


def _package_of(text: str, timeout: float) -> Package:
    """A package from wherever it is said to be."""
    package_id, separator, url = text.partition("@")
    if separator and url.startswith(("http://", "https://")):
        return asyncio.run(_fetch(parse_package_id(package_id), url, timeout))
    path = Path(text)
    if path.is_dir():
        return build_folder(path)
    if not path.is_file():
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"{text} is no folder, no package file, and not of the form ID@URL"
        )
    return _read_package(path)


async def _fetch(package_id: PackageId, url: str, timeout: float) -> Package:
    from proven.client.collect import collecting

    async with collecting(url, timeout=timeout) as collector:
        fetched = Package.from_archive(await collector.archive(package_id))
    if fetched.id != package_id:
        raise ProvenError(
            ErrorCode.EVIDENCE_INVALID, f"the node at {url} gave the package {fetched.id} for {package_id}"
        )
    verify(fetched)
    return fetched


def _record(built: Package) -> dict[str, Any]:
    return {"id": built.id, "manifest": msgspec.to_builtins(built.manifest)}


def _explain(built: Package) -> None:
    manifest = built.manifest
    click.echo(f"{built.id}  {manifest.name}")
    click.echo("\nThe id is the SHA-256 of the manifest (RFC 8785 JSON), which holds, in format 1:")
    click.echo("\nModules, by the SHA-256 of their bytes:")
    for module in manifest.modules:
        entry = "  entry" if module.path in manifest.entries else ""
        click.echo(f"  {module.sha256}  {module.path} ({module.size} bytes){entry}")
    _explain_assets(manifest)
    if manifest.dependencies:
        click.echo("\nnpm packages, by the hash of their tarballs in the lock file:")
        for dependency in manifest.dependencies:
            click.echo(f"  {dependency.key}  {dependency.integrity}")
    click.echo("\nHandlers:")
    for handler in manifest.handlers:
        click.echo(f"  {handler.address}  {describe(handler)}")
    _explain_migrations(built)


def _explain_assets(manifest: Manifest) -> None:
    if manifest.assets:
        click.echo("\nFront-end files, by the SHA-256 of their bytes:")
    for asset in manifest.assets:
        fallback = "  fallback" if asset.path == manifest.fallback else ""
        click.echo(f"  {asset.sha256}  {asset.path} ({asset.size} bytes){fallback}")


def _explain_migrations(built: Package) -> None:
    migrations = built.manifest.migrations
    statements = read_statements(built)
    if migrations:
        click.echo("\nMigrations, by the SHA-256 of their statements:")
    for migration in migrations:
        click.echo(f"  {migration.scope.value} database {migration.database!r} by {migration.module}:")
        for hash_ in migration.statements:
            click.echo(f"    {hash_}")
            if hash_ in statements:
                click.echo(indented(statements[hash_], 6))


def describe(handler: HandlerEntry) -> str:
    """A handler's kind and options in one line."""
    options = msgspec.to_builtins(handler.options)
    stated = " ".join(f"{name}={_short(value)}" for name, value in sorted(options.items()))
    return f"{handler.kind.value} {stated}".strip()


def _short(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple | list) else str(value)
