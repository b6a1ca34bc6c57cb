"""DNS over HTTPS (RFC 8484): the resolver proves by its certificate who it is, and nobody between reads or
changes what it says.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Final

import aiohttp

from proven.domains._messages import MAX_MESSAGE, decode_answer, encode_question
from proven.domains.resolver import BadAnswerError, TextRecords, UnreachableError

_TYPE: Final = "application/dns-message"
_HEADERS: Final = {"accept": _TYPE, "content-type": _TYPE, "accept-encoding": "identity"}
_OK: Final = 200
_IDENTIFIER: Final = 0
"""What RFC 8484 §4.1 asks for: TLS binds the answer to the question."""
_CONNECTIONS: Final = 8


class HttpsResolver:
    """One resolver. Its answer counts if TLS ends at a certificate of the URL's host, the status is 200 (no
    redirect is followed), the type that of a DNS message, and all of it arrived within `timeout` seconds.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, timeout: float = 10.0) -> None:
        self._url = url
        self._tls = tls or ssl.create_default_context()
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def text(self, name: str) -> TextRecords:
        question = encode_question(name, _IDENTIFIER)
        try:
            async with asyncio.timeout(self._timeout):
                wire = await self._ask(question)
        except TimeoutError:
            raise UnreachableError(f"it did not answer within {self._timeout:g} seconds") from None
        except aiohttp.ClientConnectorCertificateError as error:
            refused = error.certificate_error
            why = (
                refused.verify_message if isinstance(refused, ssl.SSLCertVerificationError) else str(refused)
            )
            raise UnreachableError(f"its TLS certificate is not its own: {why[:200].rstrip('.')}") from None
        except aiohttp.ClientConnectorError as error:
            number = error.os_error.errno or 0
            why = os.strerror(number) if number > 0 else error.os_error.strerror or str(error.os_error)
            raise UnreachableError(f"it cannot be reached: {why[:200]}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnreachableError(f"it cannot be asked: {type(error).__name__}: {error!s:.200}") from None
        return decode_answer(wire, name, _IDENTIFIER)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(self, question: bytes) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                auto_decompress=False,
            )
        async with self._session.post(
            self._url, data=question, headers=_HEADERS, allow_redirects=False
        ) as response:
            if response.status != _OK:
                raise UnreachableError(f"it answers with the HTTP status {response.status}")
            if response.content_type != _TYPE or "content-encoding" in response.headers:
                raise BadAnswerError("its answer is not of the type of a DNS message")
            received = bytearray()
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) > MAX_MESSAGE:
                    raise BadAnswerError(f"its answer has more than {MAX_MESSAGE} bytes")
            return bytes(received)
