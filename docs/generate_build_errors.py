"""Writes `build-errors.md` from `proven.packages`: `python docs/generate_build_errors.py`."""

from __future__ import annotations

from pathlib import Path

from proven.packages import RULES, limits

PAGE = Path(__file__).parent / "build-errors.md"
MIB = limits.MIB

HEAD = """# Build errors

What an app's folder must be like to become a package, as checked by `proven check`, `proven dev` and
`proven package`. An error names the file, line and column, and one of these rules in brackets; programs find
it as `rule` in the details of `BUILD_ERROR`. All problems are reported at once.

| rule | what it says |
|---|---|
"""

LIMITS = f"""
## Limits

| what | at most |
|---|---|
| modules in a package | {limits.MAX_FILES:,} |
| one module | {limits.MAX_FILE_BYTES // MIB} MiB |
| front-end files | {limits.MAX_ASSETS:,}, each {limits.MAX_ASSET_BYTES // MIB} MiB |
| all files together | {limits.MAX_TOTAL_BYTES // MIB} MiB |
| an archive | {limits.MAX_ARCHIVE_BYTES // MIB} MiB |
| a manifest | {limits.MAX_MANIFEST_BYTES // MIB} MiB |
| a path | {limits.MAX_PATH_BYTES} bytes, {limits.MAX_PATH_DEPTH} folders deep |
| a file name | {limits.MAX_SEGMENT_BYTES} bytes |
| entry modules | {limits.MAX_ENTRIES:,} |
| handlers | {limits.MAX_HANDLERS:,} |
| npm packages | {limits.MAX_DEPENDENCIES:,} |
| SQL migrations | {limits.MAX_MIGRATIONS:,} |
| `timeout` | {limits.MIN_TIMEOUT_MS} to {limits.MAX_TIMEOUT_MS:,} ms |
| `memory` | {limits.MIN_MEMORY_MIB} to {limits.MAX_MEMORY_MIB:,} MiB |
| `allowedOrigins` | {limits.MAX_ALLOWED_ORIGINS} |
| an HTTP `path` | {limits.MAX_ROUTE_LENGTH:,} characters |
| `confirmations` | {limits.MAX_CONFIRMATIONS:,} |
| `cors.maxAge` | {limits.MAX_CORS_AGE_SECONDS:,} seconds |
| files looked through for entry modules | {limits.MAX_FOLDER_FILES:,} |
| an npm tarball | {limits.MAX_TARBALL_BYTES // MIB} MiB, {limits.MAX_UNPACKED_BYTES // MIB} MiB unpacked, \
{limits.MAX_TARBALL_FILES:,} files |
"""


def page() -> str:
    """The whole page."""
    escaped = {rule: text.replace("|", "\\|") for rule, text in RULES.items()}
    return HEAD + "".join(f"| `{rule.value}` | {text} |\n" for rule, text in escaped.items()) + LIMITS


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
