from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import Checkpoint, Note, NoteKey, NoteSigner, with_signatures

# The example of golang.org/x/mod/sumdb/note: key and signed text of Peter's, with Enoch's beside it.
PETER = NoteKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
SIGNED = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
SIGNER = NoteSigner("node.example/log", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07"))
CHECKPOINT = Checkpoint("node.example/log", 42, bytes(range(32)))


def test_a_note_that_was_signed_elsewhere_verifies() -> None:
    note = Note.parse(SIGNED.encode())
    PETER.check(note)
    assert note.encode() == SIGNED


def test_a_verifier_key_comes_back_as_it_was() -> None:
    assert NoteKey.parse(SIGNER.key.verifier_key()) == SIGNER.key
    assert PETER.verifier_key() == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_checkpoint_is_signed_and_cosigned() -> None:
    witness = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x08"))
    text = CHECKPOINT.text()
    note = with_signatures(Note(text), [SIGNER.sign(text), witness.cosign(text, 1_700_000_000)])
    read = Note.parse(note.encode().encode())
    SIGNER.key.check(read)
    assert witness.key.cosigned_at(read) == 1_700_000_000
    assert SIGNER.key.cosigned_at(read) is None
    assert Checkpoint.parse(read.text) == CHECKPOINT


@given(st.integers(0, len(CHECKPOINT.text()) - 2), st.sampled_from("0aZ+/ —\n"))
def test_a_changed_checkpoint_is_not_the_one_that_was_signed(position: int, character: str) -> None:
    text = CHECKPOINT.text()
    changed = text[:position] + character + text[position + 1 :]
    if changed == text:
        return
    with pytest.raises(ProvenError) as refused:
        SIGNER.key.check(Note(changed, (SIGNER.sign(text),)))
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


def test_a_signature_is_not_a_cosignature() -> None:
    text = CHECKPOINT.text()
    cosigned = Note(text, (SIGNER.cosign(text, 5),))
    with pytest.raises(ProvenError, match="not signed"):
        SIGNER.key.check(cosigned)
    moved = SIGNER.cosign(text, 6).blob[:8] + cosigned.signatures[0].blob[8:]
    forged = Note(
        text, (type(cosigned.signatures[0])(SIGNER.key.name, SIGNER.cosign(text, 6).key_id, moved),)
    )
    with pytest.raises(ProvenError, match="wrong"):
        SIGNER.key.cosigned_at(forged)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_notes(raw: bytes) -> None:
    for candidate in (raw, SIGNED.encode() + raw, raw + SIGNED.encode()):
        try:
            note = Note.parse(candidate)
        except ProvenError:
            continue
        assert note.encode().encode() == candidate


@pytest.mark.parametrize(
    "text",
    ["", "log\n5\n", "log\n05\nAAAA\n", "log\n-1\n" + "A" * 43 + "=\n", "log\n5\nAAAA\n",
     "log\n5\n" + "A" * 43 + "=", "log\n\n5\n" + "A" * 43 + "=\n",
     "log\n9007199254740992\n" + "A" * 43 + "=\n"],
)  # fmt: skip
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProvenError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "key", ["", "a+b+c", "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
)  # fmt: skip
def test_what_is_not_a_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(ProvenError):
        NoteKey.parse(key)
