"""Every limit on the size and shape of a package, in one place. `docs/build-errors.md` repeats them for
readers.

They bound what a node holds in memory and on disk for one package, and what a hostile archive or tarball can
make a reader do. A package over a limit is refused with `TOO_LARGE` or a build error, never truncated.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 1024 * 1024

MAX_ARCHIVE_BYTES: Final = 40 * MIB
MAX_MANIFEST_BYTES: Final = 4 * MIB
MAX_FILES: Final = 5_000
MAX_FILE_BYTES: Final = 4 * MIB
MAX_TOTAL_BYTES: Final = 32 * MIB
"""Of all files of a package together, modules and assets."""
MAX_ASSETS: Final = 2_000
MAX_ASSET_BYTES: Final = 5 * MIB

MAX_PATH_BYTES: Final = 512
MAX_SEGMENT_BYTES: Final = 200
"""Of one path segment in UTF-8; file systems allow 255."""
MAX_PATH_DEPTH: Final = 32

MAX_ENTRIES: Final = 1_000
MAX_HANDLERS: Final = 1_000
MAX_DEPENDENCIES: Final = 1_000
MAX_MIGRATIONS: Final = 1_000
MAX_NAME_LENGTH: Final = 214
"""The npm limit on package names."""

MIN_TIMEOUT_MS: Final = 1
MAX_TIMEOUT_MS: Final = 15 * 60 * 1000
MIN_MEMORY_MIB: Final = 8
MAX_MEMORY_MIB: Final = 1_024
"""What a package may ask for; a node may grant less."""
MAX_ALLOWED_ORIGINS: Final = 100
MAX_ROUTE_LENGTH: Final = 1_024
MAX_OPTION_TEXT: Final = 4_096
MAX_ABI_BYTES: Final = 256 * 1024
MAX_CONFIRMATIONS: Final = 1_000
MAX_CORS_AGE_SECONDS: Final = 86_400

MAX_FOLDER_FILES: Final = 50_000
"""Files looked at while searching a folder for entry modules; `node_modules` and dot folders are not
entered.
"""
MAX_PROBLEMS: Final = 200
"""Problems reported by one build."""
MAX_ANALYSIS_SECONDS: Final = 60
"""Processor time for reading the sources of one package; an honest package of the largest size takes 15."""
MAX_LITERAL_DEPTH: Final = 32
MAX_LITERAL_ITEMS: Final = 10_000

MAX_LOCK_BYTES: Final = 32 * MIB
MAX_TARBALL_BYTES: Final = 64 * MIB
MAX_UNPACKED_BYTES: Final = 256 * MIB
MAX_TARBALL_FILES: Final = 50_000
