"""Hints for the real documents, and for what does not hold."""

from __future__ import annotations

import json

import pytest
from attestation_vectors import FOLDER, REAL, RealDocument

from veritally.attestation import nitro
from veritally.attestation.nitro_hints import NO_HINT, make_nitro_hints

GOOD = REAL[0]
CHAIN = nitro.parse(GOOD.content).certificates
EXPECTED = {
    one["name"]: one["hints"]
    for one in json.loads((FOLDER / "nitro_real.json").read_text(encoding="utf-8"))["accepted"]
}


def changed(place: int) -> bytes:
    """The document with one byte flipped."""
    content = bytearray(GOOD.content)
    content[place] ^= 0xFF
    return bytes(content)


def missing(document: bytes) -> list[int]:
    """Places of the signatures that have no hint."""
    return [place for place, hint in enumerate(make_nitro_hints(document)) if hint == NO_HINT]


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_real_documents_get_the_hints_of_the_vectors(real: RealDocument) -> None:
    assert [f"0x{hint.hex()}" for hint in make_nitro_hints(real.content)] == EXPECTED[real.name]


def test_a_signature_that_does_not_hold_has_no_hint() -> None:
    assert missing(changed(-1)) == [len(CHAIN) - 1]


@pytest.mark.parametrize("level", range(1, len(CHAIN)))
def test_a_certificate_that_is_forged_has_no_hint(level: int) -> None:
    """Neither has the document: its bytes changed, too."""
    assert missing(changed(GOOD.content.index(CHAIN[level]) + len(CHAIN[level]) - 1)) == [
        level - 1,
        len(CHAIN) - 1,
    ]


def test_nothing_below_an_unreadable_certificate_has_a_hint() -> None:
    """The second certificate's first byte: neither its own signature nor those by its key can be checked."""
    assert missing(changed(GOOD.content.index(CHAIN[1]))) == [0, 1, len(CHAIN) - 1]


def test_an_unreadable_document_has_no_hints() -> None:
    assert make_nitro_hints(GOOD.content[:-1]) == []
