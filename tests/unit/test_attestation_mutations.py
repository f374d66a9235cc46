"""No changed document is accepted, and none ends in anything but a named refusal."""

from __future__ import annotations

import random

import pytest
from attestation_vectors import REAL, RealDocument, tdx

from veritally.attestation import cose, nitro
from veritally.attestation.errors import RefusedError
from veritally.attestation.tdx import INTEL_ROOT
from veritally.attestation.tdx import verify as verify_quote

SAMPLES = 1_000
QUOTE_TIME_S = 1750414563


def refused(document: bytes, real: RealDocument) -> str:
    with pytest.raises(RefusedError) as caught:
        nitro.verify(document, nitro.AWS_ROOT, real.made_at_s)
    return caught.value.name


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_sampled_changes_of_one_byte_are_refused(real: RealDocument) -> None:
    chance = random.Random(0)
    names = set()
    for _ in range(SAMPLES):
        document = bytearray(real.content)
        document[chance.randrange(len(document))] ^= chance.randrange(1, 256)
        names.add(refused(bytes(document), real))
    assert {"DocumentSignatureInvalid", "CertificateSignatureInvalid", "WrongRoot"} < names


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_sampled_cuts_insertions_and_swaps_are_refused(real: RealDocument) -> None:
    chance = random.Random(1)
    content = real.content
    for _ in range(SAMPLES // 4):
        at, other = (chance.randrange(len(content)) for _ in range(2))
        refused(content[:at], real)
        refused(content[:at] + content[at + 1 :], real)
        refused(content[:at] + chance.randbytes(1) + content[at:], real)
        if content[at] != content[other]:
            swapped = bytearray(content)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            refused(bytes(swapped), real)


def test_sampled_changes_of_a_quote_are_refused() -> None:
    chance = random.Random(2)
    for _ in range(SAMPLES):
        quote = bytearray(tdx("tdx_quote.bin"))
        quote[chance.randrange(len(quote))] ^= chance.randrange(1, 256)
        with pytest.raises(RefusedError):
            verify_quote(bytes(quote), INTEL_ROOT, QUOTE_TIME_S)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_each_byte_of_a_document_matters(flip: int) -> None:
    real = REAL[0]
    for at in range(len(real.content)):
        document = bytearray(real.content)
        document[at] ^= flip
        refused(bytes(document), real)


def uncovered_positions(document: bytes) -> list[int]:
    """Where no signature covers the bytes: wrapping, headers, and the head of the signature itself."""
    envelope = cose.read_sign1(document)
    payload_at = document.index(envelope.payload)
    signature_at = document.rindex(envelope.signature)
    return [*range(payload_at), *range(payload_at + len(envelope.payload), signature_at)]


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_no_other_value_is_accepted_where_no_signature_reaches(real: RealDocument) -> None:
    positions = uncovered_positions(real.content)
    assert positions[0] == 0
    assert len(positions) == len(real.content) - len(cose.read_sign1(real.content).payload) - 96
    for at in positions:
        for change in range(1, 256):
            document = bytearray(real.content)
            document[at] ^= change
            refused(bytes(document), real)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_each_byte_of_a_quote_matters(flip: int) -> None:
    for at in range(len(tdx("tdx_quote.bin"))):
        quote = bytearray(tdx("tdx_quote.bin"))
        quote[at] ^= flip
        with pytest.raises(RefusedError):
            verify_quote(bytes(quote), INTEL_ROOT, QUOTE_TIME_S)
