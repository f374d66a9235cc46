from __future__ import annotations

from collections.abc import Callable

import dcap_qvl
import pytest
from attestation_vectors import FOLDER, tdx
from eth_utils.crypto import keccak

from veritally.attestation.claims import Platform
from veritally.attestation.errors import QuoteRefusedError, RefusedError
from veritally.attestation.tcb import check_tcb
from veritally.attestation.tdx import INTEL_ROOT, TdxQuote, parse, verify

AT_S = 1750414563
"""The sample's collateral holds then."""
QUOTE = tdx("tdx_quote.bin")
SIGNATURES = 636
"""Where signature and attestation key start."""
QE_REPORT = SIGNATURES + 134
END_OF_CUT = 1_252
END = 4_936


def collateral(name: str) -> str:
    return (FOLDER / "tdx" / f"{name}_collateral.json").read_text(encoding="utf-8")


def refusal(quote: bytes, at_s: int = AT_S) -> str:
    with pytest.raises(RefusedError) as caught:
        verify(quote, INTEL_ROOT, at_s)
    return caught.value.name


def changed(at: int, value: bytes) -> bytes:
    return QUOTE[:at] + value + QUOTE[at + len(value) :]


@pytest.mark.parametrize("name", ["tdx_quote.bin", "flashtestations_quote.bin"])
def test_real_quotes_say_what_another_reader_reads(name: str) -> None:
    claims = verify(tdx(name), INTEL_ROOT, AT_S)

    report = dcap_qvl.parse_quote(tdx(name)).report
    assert (claims.platform, claims.root) == (Platform.TDX, INTEL_ROOT)
    assert claims.user_data == report.report_data
    assert (claims.nonce, claims.public_key, claims.timestamp_s, claims.debug) == (b"", b"", 0, False)
    registers = report.rt_mr0 + report.rt_mr1 + report.rt_mr2 + report.rt_mr3
    code = report.mr_td + registers + report.mr_config_id + report.xfam + report.td_attributes
    assert claims.measurement == keccak(b"\x02" + code)


def test_the_body_is_the_one_that_a_contract_verified() -> None:
    """Automata's contract gave the body of this quote after 11 bytes of its own."""
    verified = tdx("flashtestations_output.bin")
    assert parse(tdx("flashtestations_quote.bin")).signed_bytes[48:] in verified


def test_a_quote_may_be_cut_before_its_certificates() -> None:
    cut = QUOTE[:END_OF_CUT]
    assert verify(cut, INTEL_ROOT, AT_S, parse(QUOTE).certificates) == verify(QUOTE, INTEL_ROOT, AT_S)
    assert refusal(cut) == "MissingCertificates"


def test_padding_is_zeros() -> None:
    assert verify(QUOTE[:END], INTEL_ROOT, AT_S) == verify(QUOTE, INTEL_ROOT, AT_S)
    assert refusal(QUOTE[:-1] + b"\x01") == "QuoteTrailingBytes"


@pytest.mark.parametrize(
    ("name", "refused_as"),
    [("sgx_quote.bin", "UnsupportedQuoteVersion"), ("tdx_v5_quote.bin", "UnsupportedQuoteVersion")],
)
def test_other_versions_are_refused(name: str, refused_as: str) -> None:
    assert refusal(tdx(name)) == refused_as


@pytest.mark.parametrize(
    ("quote", "name"),
    [
        (changed(2, b"\x03"), "UnsupportedAttestationKey"),
        (changed(4, b"\x00"), "NotTdx"),
        (changed(12, b"\x00"), "UnknownQuotingEnclave"),
        (changed(632, b"\x00"), "BadQuoteLength"),
        (changed(SIGNATURES + 128, b"\x05"), "UnsupportedCertification"),
        (changed(SIGNATURES + 130, b"\x00"), "BadQuoteLength"),
        (changed(END_OF_CUT, b"\x01"), "UnsupportedCertification"),
        (changed(QE_REPORT + 384, b"\x00"), "InvalidQeReportSignature"),
        (changed(QE_REPORT + 48, b"\x17"), "InvalidQeReportSignature"),
        (changed(SIGNATURES + 64, b"\x00"), "AttestationKeyNotBound"),
        (changed(END_OF_CUT - 1, b"\xee"), "AttestationKeyNotBound"),
        (changed(SIGNATURES, b"\x00"), "InvalidQuoteSignature"),
        (changed(568, b"\x00"), "InvalidQuoteSignature"),
        (QUOTE[:631], "QuoteTruncated"),
    ],
)
def test_changed_quotes_are_refused_by_name(quote: bytes, name: str) -> None:
    assert quote != QUOTE
    assert refusal(quote) == name


def test_the_chain_has_its_window_and_its_root() -> None:
    assert refusal(QUOTE, 1_000_000_000) == "CertificateNotYetValid"
    assert refusal(QUOTE, 2_000_000_000) == "CertificateExpired"
    with pytest.raises(RefusedError, match="WrongRoot"):
        verify(QUOTE, bytes(32), AT_S)


@pytest.mark.parametrize("bit", range(8))
def test_any_bit_of_tud_is_debug(bit: int) -> None:
    """No real quote of a domain under debug is at hand, so the body alone is read."""
    attributes = QUOTE[168:176]
    assert attributes == bytes.fromhex("0000001000000000")
    body = parse(changed(168, bytes([1 << bit]))).body
    assert body.debug
    assert body.measurement != parse(QUOTE).body.measurement


@pytest.mark.parametrize(
    ("at", "name"),
    [(QE_REPORT + 48, "QuotingEnclaveDebug"), (112, "UnknownTdxModule"), (160, "UnknownTdxModule")],
)
def test_debugged_quoting_enclaves_and_other_modules_are_refused(
    at: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cannot be signed here, so the signatures are not looked at."""
    unsigned: Callable[[TdxQuote, bytes], None] = lambda _quote, _key: None  # noqa: E731
    monkeypatch.setattr("veritally.attestation.tdx._verify_signatures", unsigned)
    verify(QUOTE, INTEL_ROOT, AT_S)
    assert refusal(changed(at, b"\x02")) == name


def test_firmware_is_judged_by_intels_list() -> None:
    report = check_tcb(QUOTE, collateral("tdx_quote"), AT_S)
    assert (report.status, report.advisory_ids) == ("UpToDate", ())


@pytest.mark.parametrize(
    ("quote", "list_of", "at_s", "name"),
    [
        ("tdx_quote", "tdx_quote", AT_S + 60 * 86_400, "CollateralRefused"),
        ("tdx_quote", "sgx_quote", AT_S, "CollateralRefused"),
        ("tdx_v5_quote", "tdx_v5_quote", AT_S, "CollateralRefused"),
        ("sgx_quote", "sgx_quote", 1750416971, "TcbNotAccepted"),
    ],
)
def test_other_firmware_and_stale_lists_are_refused(quote: str, list_of: str, at_s: int, name: str) -> None:
    with pytest.raises(QuoteRefusedError) as caught:
        check_tcb(tdx(f"{quote}.bin"), collateral(list_of), at_s)
    assert caught.value.name == name


def test_advisories_are_refused_even_when_the_status_is_accepted() -> None:
    status = "ConfigurationAndSWHardeningNeeded"
    with pytest.raises(QuoteRefusedError, match="INTEL-SA-00615") as caught:
        check_tcb(tdx("sgx_quote.bin"), collateral("sgx_quote"), 1750416971, accepted=(status,))
    assert caught.value.name == "OpenAdvisories"
