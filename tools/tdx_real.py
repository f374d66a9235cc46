"""Calls with Intel's own lists and a real quote, from tests/vectors/attestation/tdx."""

from __future__ import annotations

from pathlib import Path

from tdx_case import Call, Target, call
from vector_columns import hexadecimal

from veritally.attestation import tdx
from veritally.attestation.collateral import Collateral, SignedList
from veritally.attestation.tdx_contracts import cut_quote

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation" / "tdx"
QUOTE_AT_S, LATER_AT_S = 1_750_414_563, 1_771_500_000
"""When the lists of each file hold."""
QUOTE_UNTIL_S = 1_752_919_234
"""The last second before the authority's revocation list of the quote's lists ends."""


def describe() -> dict[str, object]:
    """Everything that the contract tests need."""
    quote = (FOLDER / "tdx_quote.bin").read_bytes()
    claims = tdx.verify(quote, tdx.INTEL_ROOT, QUOTE_AT_S)
    document, hints = cut_quote(quote)
    other = (FOLDER / "flashtestations_quote.bin").read_bytes()
    other_document, other_hints = cut_quote(other)
    return {
        "document": hexadecimal(document),
        "hints": [hexadecimal(hint) for hint in hints],
        "laterSteps": _rows("tdx_v5_quote_collateral.json"),
        "laterTimestamp": LATER_AT_S,
        "measurement": hexadecimal(claims.measurement),
        "notAfter": QUOTE_UNTIL_S,
        "otherDocument": hexadecimal(other_document),
        "otherHints": [hexadecimal(hint) for hint in other_hints],
        "otherMeasurement": hexadecimal(tdx.verify(other, tdx.INTEL_ROOT, QUOTE_AT_S).measurement),
        "steps": _rows("tdx_quote_collateral.json"),
        "timestamp": QUOTE_AT_S,
        "userData": hexadecimal(claims.user_data),
    }


def _rows(name: str) -> list[dict[str, object]]:
    collateral = Collateral.from_json((FOLDER / name).read_text(encoding="utf-8"))
    return [{"data": hexadecimal(one.data), "target": int(one.target)} for one in _submissions(collateral)]


def _submissions(collateral: Collateral) -> tuple[Call, ...]:
    chain = collateral.authority_chain
    crl = "submitCrl(bytes,bytes[])"
    return (
        call(Target.CERTIFICATES, crl, collateral.root_crl, chain[:1]),
        call(Target.CERTIFICATES, crl, collateral.authority_crl, chain),
        _list("submitTcbInfo", collateral.tcb_info),
        _list("submitQeIdentity", collateral.qe_identity),
    )


def _list(name: str, signed: SignedList) -> Call:
    signature = f"{name}(bytes,bytes,bytes[])"
    return call(Target.COLLATERAL, signature, signed.content, signed.signature, signed.chain)
