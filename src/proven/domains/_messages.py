"""DNS messages (RFC 1035 §4): the one question that is asked, and what counts as an answer to it."""

from __future__ import annotations

from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from proven.domains.resolver import BadAnswerError, NoRecordError, TextRecords, UnreachableError

MAX_MESSAGE: Final = 4096
"""Bytes of an answer; what is expected has a few hundred."""
_MAX_RECORDS: Final = 32
"""In all sections. With `MAX_MESSAGE` it bounds the work that compressed names can make."""
_HEADER: Final = 12


def encode_question(name: str, identifier: int) -> bytes:
    """Ask for the TXT records of `name`, by recursion, and whether they were authenticated (RFC 6840 §5.7).

    Raises `BadAnswerError` if nothing can be called that.
    """
    try:
        asked = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise BadAnswerError(f"{name!r:.300} is no name in DNS: {error}") from None
    flags = dns.flags.RD | dns.flags.AD
    return dns.message.make_query(asked, dns.rdatatype.TXT, id=identifier, flags=flags).to_wire()


def decode_answer(wire: bytes, name: str, identifier: int) -> TextRecords:
    """The records of exactly `name` in the answer to `encode_question`. What else it holds is not looked at;
    where an alias (CNAME) leads is not the word of who holds the name.

    Raises `BadAnswerError`, `NoRecordError`, `UnreachableError`.
    """
    answer = _parse(wire)
    asked = dns.name.from_text(name)
    if answer.id != identifier:
        raise BadAnswerError("the answer is to another question: its id differs")
    if not answer.flags & dns.flags.QR or answer.opcode() != dns.opcode.QUERY:
        raise BadAnswerError("it answers with something else than an answer")
    if answer.flags & dns.flags.TC:
        raise BadAnswerError("the answer is cut off")
    if [(each.name, each.rdclass, each.rdtype) for each in answer.question] != [
        (asked, dns.rdataclass.IN, dns.rdatatype.TXT)
    ]:
        raise BadAnswerError("the answer is to another question: its name or type differs")
    if answer.rcode() == dns.rcode.NXDOMAIN:
        raise NoRecordError(f"{name} does not exist in DNS")
    if answer.rcode() != dns.rcode.NOERROR:
        raise UnreachableError(f"it answers {dns.rcode.to_text(answer.rcode())}")
    values = [
        b"".join(record.strings)
        for each in answer.answer
        if each.name == asked and each.rdclass == dns.rdataclass.IN and each.rdtype == dns.rdatatype.TXT
        for record in each
        if isinstance(record, dns.rdtypes.ANY.TXT.TXT)
    ]
    if not values and any(_is_alias(each, asked) for each in answer.answer):
        raise NoRecordError(f"{name} is an alias (CNAME); the TXT record has to be at that name itself")
    if not values:
        raise NoRecordError(f"{name} has no TXT record")
    return TextRecords(tuple(values), bool(answer.flags & dns.flags.AD))


def _parse(wire: bytes) -> dns.message.Message:
    if not _HEADER <= len(wire) <= MAX_MESSAGE:
        raise BadAnswerError(f"an answer has {_HEADER} to {MAX_MESSAGE} bytes")
    counts = [int.from_bytes(wire[at : at + 2], "big") for at in (4, 6, 8, 10)]
    if sum(counts) > _MAX_RECORDS:
        raise BadAnswerError(f"an answer has at most {_MAX_RECORDS} records")
    try:
        return dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError, UnicodeError) as error:
        raise BadAnswerError(f"its answer is no DNS message: {type(error).__name__}") from None


def _is_alias(records: dns.rrset.RRset, asked: dns.name.Name) -> bool:
    return records.name == asked and records.rdtype == dns.rdatatype.CNAME
