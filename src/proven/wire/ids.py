"""Identifiers that cross a boundary. Each is text with a fixed alphabet, so none needs escaping anywhere."""

from __future__ import annotations

from typing import NewType

ApplicationId = NewType("ApplicationId", str)
"""32 characters of lower-case base32: usable as one DNS label."""

PackageId = NewType("PackageId", str)
"""64 lower-case hexadecimal digits: SHA-256 of the package's manifest."""

IdentityId = NewType("IdentityId", str)
"""32 characters of lower-case base32: who is calling, as one application sees them."""

SessionId = NewType("SessionId", str)
"""32 lower-case hexadecimal digits."""
