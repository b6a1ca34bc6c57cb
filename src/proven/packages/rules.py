"""The rules that a folder must follow to become a package, and the error that names them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from proven.wire.errors import ErrorCode, ProvenError

from .limits import MAX_PROBLEMS


class Rule(enum.StrEnum):
    """What a build error is about. An id never changes its meaning; `RULES` explains each."""

    SYNTAX = "syntax"
    UNSUPPORTED_SYNTAX = "unsupported-syntax"
    UNSUPPORTED_FILE = "unsupported-file"
    NOT_UTF8 = "not-utf8"
    PATH = "path"
    PATH_COLLISION = "path-collision"
    SYMLINK = "symlink"
    TOO_LARGE = "too-large"
    PACKAGE_JSON = "package-json"
    ENTRY_MISSING = "entry-missing"
    ASSETS_MISSING = "assets-missing"
    NO_HANDLERS = "no-handlers"
    IMPORT_UNRESOLVED = "import-unresolved"
    IMPORT_UNSUPPORTED = "import-unsupported"
    IMPORT_DYNAMIC = "import-dynamic"
    IMPORT_BUILTIN = "import-builtin"
    LOCK_MISSING = "lock-missing"
    LOCK_INVALID = "lock-invalid"
    DEPENDENCY_SOURCE = "dependency-source"
    DEPENDENCY_FETCH = "dependency-fetch"
    DEPENDENCY_INTEGRITY = "dependency-integrity"
    DEPENDENCY_ARCHIVE = "dependency-archive"
    DEPENDENCY_CONFLICT = "dependency-conflict"
    HANDLER_IN_DEPENDENCY = "handler-in-dependency"
    HANDLER_UNKNOWN = "handler-unknown"
    HANDLER_ESCAPES = "handler-escapes"
    HANDLER_NOT_TOP_LEVEL = "handler-not-top-level"
    HANDLER_NOT_CONST = "handler-not-const"
    HANDLER_NOT_PLAIN = "handler-not-plain"
    HANDLER_NOT_EXPORTED = "handler-not-exported"
    HANDLER_NOT_IN_ENTRY = "handler-not-in-entry"
    HANDLER_EXPORTED_TWICE = "handler-exported-twice"
    HANDLER_NAME = "handler-name"
    HANDLER_ARGUMENTS = "handler-arguments"
    OPTIONS_NOT_STATIC = "options-not-static"
    OPTION_UNKNOWN = "option-unknown"
    OPTION_MISSING = "option-missing"
    OPTION_INVALID = "option-invalid"
    ROUTE_DUPLICATE = "route-duplicate"
    MIGRATION_NOT_STATIC = "migration-not-static"


RULES: dict[Rule, str] = {
    Rule.SYNTAX: "The file is not valid TypeScript or JavaScript.",
    Rule.UNSUPPORTED_SYNTAX: (
        "`import x = require(…)`, `export =` and `export import` have no ES module form: use `import` and "
        "`export`. Names are written without escapes."
    ),
    Rule.UNSUPPORTED_FILE: (
        "Modules are `.ts`, `.mts`, `.js`, `.mjs` and `.json` (in dependencies also `.cjs`). JSX, styles, "
        "images, native code and TypeScript inside dependencies cannot be loaded."
    ),
    Rule.NOT_UTF8: "Source files are UTF-8.",
    Rule.PATH: (
        'A path in a package is relative, in Unicode NFC, without control characters or any of `\\ : # ? * " '
        "< > |`, and `npm/` at the top is reserved."
    ),
    Rule.PATH_COLLISION: (
        "Two files of a package have paths that differ only in case or Unicode form, which some file "
        "systems cannot tell apart."
    ),
    Rule.SYMLINK: (
        "A symbolic link may not lead out of the folder; among front-end files, not out of theirs, nor to a "
        "folder."
    ),
    Rule.TOO_LARGE: "The package is over one of the limits below.",
    Rule.PACKAGE_JSON: '`package.json` is not valid, or its `"proven"` section is not.',
    Rule.ENTRY_MISSING: (
        'An entry module named in `package.json` (`"proven": {"entries": […]}`) does not exist.'
    ),
    Rule.ASSETS_MISSING: (
        'The folder of front-end files named in `package.json` (`"proven": {"assets": "dist"}`) does not '
        "exist or is empty, or the `fallback` is not in it: build them first."
    ),
    Rule.NO_HANDLERS: "Nothing in the folder exports a handler.",
    Rule.IMPORT_UNRESOLVED: "An import leads to no file, or its dependency does not export that path.",
    Rule.IMPORT_UNSUPPORTED: (
        "Imports are relative paths, `#names` of package.json's `imports`, npm packages and "
        "`@proven-network/…`; not URLs, absolute paths, `npm:` or `jsr:`."
    ),
    Rule.IMPORT_DYNAMIC: ("`import(…)` takes a literal, so that everything it can load is in the package."),
    Rule.IMPORT_BUILTIN: (
        "Node.js built-in modules do not exist in the sandbox; the message names the chain of imports that "
        "leads to one."
    ),
    Rule.LOCK_MISSING: (
        "npm dependencies need a lock file: run `npm install --package-lock-only` and keep "
        "`package-lock.json`."
    ),
    Rule.LOCK_INVALID: (
        "The lock file is not an npm lock file of version 2 or 3, or lacks the dependency: run `npm install "
        "--package-lock-only`."
    ),
    Rule.DEPENDENCY_SOURCE: (
        "Dependencies come from an npm registry with a SHA-512 integrity hash; not from git, a file, a "
        "workspace link or inside another package."
    ),
    Rule.DEPENDENCY_FETCH: "A dependency is neither in the cache nor to be had from the registry.",
    Rule.DEPENDENCY_INTEGRITY: "What the registry sent is not what the lock file names.",
    Rule.DEPENDENCY_ARCHIVE: "A dependency's tarball is malformed, too large or has unsafe paths.",
    Rule.DEPENDENCY_CONFLICT: (
        "One version of a dependency is installed in two places that see different versions of something it "
        "imports: deduplicate with `npm dedupe`."
    ),
    Rule.HANDLER_IN_DEPENDENCY: (
        "A dependency imports `@proven-network/handler`: handlers are declared in the app's own modules."
    ),
    Rule.HANDLER_UNKNOWN: "`@proven-network/handler` has no such export.",
    Rule.HANDLER_ESCAPES: (
        "`run` and its kin may only be called directly; they cannot be stored, passed on or re-exported, "
        "because handlers are found without running the code."
    ),
    Rule.HANDLER_NOT_TOP_LEVEL: "A handler is declared inside a function, class, block or expression.",
    Rule.HANDLER_NOT_CONST: (
        "A handler is declared with `let` or `var`, or assigned later: use `export const`."
    ),
    Rule.HANDLER_NOT_PLAIN: (
        "A handler is not the whole value of its export (destructured, conditional, awaited, wrapped in "
        "another call …)."
    ),
    Rule.HANDLER_NOT_EXPORTED: "A handler is declared but not exported, so nothing could call it.",
    Rule.HANDLER_NOT_IN_ENTRY: (
        "A handler is exported by a module that is no entry module, and no entry module re-exports it by "
        "name or with `export *`."
    ),
    Rule.HANDLER_EXPORTED_TWICE: (
        "A handler that is triggered by something other than a call has two exported names and would run "
        "twice."
    ),
    Rule.HANDLER_NAME: "The exported name of a handler is an identifier.",
    Rule.HANDLER_ARGUMENTS: (
        "`run(fn)` takes one argument and the others `(options, fn)`, none of them spread."
    ),
    Rule.OPTIONS_NOT_STATIC: (
        "Options are read without running the code: literals, arrays and objects of them, arithmetic on "
        "numbers, and `const`s of the same module that hold such values."
    ),
    Rule.OPTION_UNKNOWN: "There is no such option for this kind of handler.",
    Rule.OPTION_MISSING: "A required option is missing.",
    Rule.OPTION_INVALID: "An option has a value it cannot have.",
    Rule.ROUTE_DUPLICATE: "Two handlers have the same method and path.",
    Rule.MIGRATION_NOT_STATIC: (
        "A migration at the top level of a module is not a literal, so the package could not say what it "
        "does to stored data."
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One broken rule. `line` and `column` count from 1, columns in characters; both 0 for a whole file."""

    file: str
    line: int
    column: int
    rule: Rule
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message} [{self.rule.value}]"


class BuildError(ProvenError):
    """A folder that cannot become a package: `BUILD_ERROR`, with every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = sorted({_printable(problem) for problem in problems})
        self.problems: tuple[Problem, ...] = tuple(found[:MAX_PROBLEMS])
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(
            ErrorCode.BUILD_ERROR,
            f"{found[0]}{more}",
            details={
                "problems": [
                    {
                        "file": problem.file,
                        "line": problem.line,
                        "column": problem.column,
                        "rule": problem.rule.value,
                        "message": problem.message,
                    }
                    for problem in self.problems
                ]
            },
        )


def _printable(problem: Problem) -> Problem:
    """With what a file name may hold that a terminal would act on, or that is not Unicode, as escapes."""
    return replace(problem, file=_escaped(problem.file), message=_escaped(problem.message))


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
