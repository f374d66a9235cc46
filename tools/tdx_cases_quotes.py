"""Cases about the quote itself."""

from __future__ import annotations

from collections.abc import Iterator

from tdx_case import Case, verify
from tdx_quote import Quote

CUT = Quote().cut()
SIGNATURE_LENGTH = 632
CERTIFICATION_LENGTH = 766
ALLOWED_BITS = (16, 18, 19, 20, 21, 22, 27, 30, 31, 62, 63)
SEPT_VE_DISABLE = 28


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _forms()
    yield from _signatures()
    yield from _attributes()


def _refuse(name: str, quote: Quote | bytes, error: str, *values: object) -> Case:
    chain = Quote().chain
    return Case(name, (verify(quote, chain),), error, values or None)


def _forms() -> Iterator[Case]:
    length = "WrongQuoteLength(uint256,uint256)"
    yield _refuse("a quote that was not cut", Quote().whole(), length, len(Quote().whole()), len(CUT))
    yield _refuse("a quote with a byte too many", CUT + b"\0", length, len(CUT) + 1, len(CUT))
    yield _refuse("a quote with a byte too few", CUT[:-1], length, len(CUT) - 1, len(CUT))
    yield _refuse("no quote", b"", length, 0, 1_252)
    for version in (3, 5, 0x0400):
        yield _refuse(
            f"version {version}", Quote(version=version), "UnsupportedQuoteVersion(uint16,uint16)", version, 4
        )
    for kind in (1, 3):
        yield _refuse(
            f"key type {kind}", Quote(key_type=kind), "UnsupportedAttestationKey(uint16,uint16)", kind, 2
        )
    sgx, tdx = bytes(4), bytes.fromhex("81000000")
    yield _refuse("a quote of SGX", Quote(tee=0), "NotTdx(bytes4,bytes4)", sgx, tdx)
    vendor = "UnknownQuotingEnclave(bytes16,bytes16)"
    yield _refuse("another vendor", Quote(vendor=b"\1" * 16), vendor, b"\1" * 16, Quote().vendor)
    yield _refuse(
        "another certification", Quote(certification_type=5), "UnsupportedCertification(uint16,uint16)", 5, 6
    )
    lengths = "WrongSignatureDataLength(uint256,uint256)"
    for at in (SIGNATURE_LENGTH, CERTIFICATION_LENGTH):
        changed = bytearray(CUT)
        changed[at] ^= 1
        yield _refuse(f"another length at {at}", bytes(changed), lengths)
    short = bytearray(CUT)
    short[SIGNATURE_LENGTH : SIGNATURE_LENGTH + 4] = (134 + 482).to_bytes(4, "little")
    short[CERTIFICATION_LENGTH : CERTIFICATION_LENGTH + 4] = (482).to_bytes(4, "little")
    yield _refuse("lengths that leave no room for certificates", bytes(short), lengths, 616, 616)
    longer = CUT[:1_218] + (33).to_bytes(2, "little") + CUT[1_220:]
    yield _refuse(
        "an enclave with more data of its own", longer, "WrongQeDataLength(uint256,uint256)", 33, 32
    )


def _signatures() -> Iterator[Case]:
    yield _refuse(
        "a report that another key signed", Quote(machine_label="somebody"), "InvalidQeReportSignature()"
    )
    yield _refuse("a body that another key signed", Quote(quote_label="somebody"), "InvalidQuoteSignature()")
    bound = "AttestationKeyNotBound(bytes32,bytes32,bytes32)"
    yield _refuse("a report for another key", Quote(qe_report_data=bytes(64)), bound)
    tail = Quote().qe_report()[-64:-1] + b"\1"
    yield _refuse("a second half that is not zero", Quote(qe_report_data=tail), bound)
    changed = bytearray(CUT)
    changed[-1] ^= 1
    yield _refuse("other data of the enclave", bytes(changed), bound)
    changed = bytearray(CUT)
    changed[600] ^= 1
    yield _refuse("other report data", bytes(changed), "InvalidQuoteSignature()")
    changed = bytearray(CUT)
    changed[770] ^= 1
    yield _refuse("another processor in the enclave's report", bytes(changed), "InvalidQeReportSignature()")


def _attributes() -> Iterator[Case]:
    good = int.from_bytes(Quote().td_attributes, "little")
    for bit in range(64):
        attributes = (good ^ 1 << bit).to_bytes(8, "little")
        call = verify(Quote(td_attributes=attributes))
        if bit < 8 or bit in ALLOWED_BITS:
            yield Case(f"attribute {bit}", (call,), debug=bit < 8)
        else:
            yield Case(f"attribute {bit}", (call,), "WrongTdAttributes(bytes8)", (attributes,))
