"""`veritally attestation verify --onchain`: the contract's verdict on documents, and its gas."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from veritally.attestation import nitro, onchain, standing_chain
from veritally.attestation.ecdsa import P384
from veritally.attestation.files import AttestationFile
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.software_root import SoftwareRoot
from veritally.cli import main
from veritally.errors import TransactionFailedError

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "tests" / "vectors" / "attestation" / "nitro"
TEXT = (REPOSITORY / "docs" / "tee.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^\$ veritally (attestation [^\n]+--onchain[^\n]*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)
MADE_AT_S = {"og_evm_2026-02-12": 1770918962, "base_2026-01-03": 1767472867, "marlin_2024-02-26": 1708930921}
GOOD = FOLDER / "og_evm_2026-02-12.cose"
GOOD_AT_S = MADE_AT_S[GOOD.stem]
GOOD_UNTIL_S = 1770929762
"""The last second of its signer's certificate."""
QUOTE = FOLDER.parent / "tdx" / "tdx_quote.bin"
LISTS = FOLDER.parent / "tdx" / "tdx_quote_collateral.json"
QUOTE_AT_S = 1750414563
QUOTE_GAS_LIMIT = 600_000
"""Where the chain has the precompile for P-256."""
DEBUG = FOLDER / "evervault_debug_2022-10-12.cose"
DEBUG_AT_S = 1665582606
COLD_GAS_LIMIT = 13_000_000
WARM_GAS_LIMIT = 3_200_000
ROOT = SoftwareRoot.of_test_mnemonic(31337)
ROOT_OPTION = ("--development-root", ROOT.fingerprint.hex())


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path | int) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    with pytest.raises(SystemExit) as caught:
        main(["attestation", "verify", *map(str, arguments), "--onchain"])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def verdict(capsys: pytest.CaptureFixture[str], *arguments: str | Path | int) -> tuple[int, dict[str, Any]]:
    code, output, _ = run(capsys, *arguments, "--json")
    return code, json.loads(output)


def write_flipped(folder: Path, place: int) -> Path:
    """The good document with one byte flipped, as a file."""
    content = bytearray(GOOD.read_bytes())
    content[place] ^= 0x01
    path = folder / "flipped.cose"
    path.write_bytes(content)
    return path


def place_of_signature(level: int) -> int:
    """Where a certificate of the good document ends, in the last byte of its signature."""
    certificate = nitro.parse(GOOD.read_bytes()).certificates[level]
    return GOOD.read_bytes().index(certificate) + len(certificate) - 1


def require_limits(found: dict[str, Any]) -> None:
    """The gas of a document that the contract accepts."""
    assert found["warm_gas"] < found["cold_gas"] <= COLD_GAS_LIMIT
    assert found["warm_gas"] <= WARM_GAS_LIMIT


@pytest.mark.parametrize(("name", "at_s"), MADE_AT_S.items())
def test_real_documents_are_accepted_within_the_limits(
    capsys: pytest.CaptureFixture[str], name: str, at_s: int
) -> None:
    code, found = verdict(capsys, FOLDER / f"{name}.cose", "--at", at_s)
    require_limits(found)
    said = {"accepted": True, "error": None, "platform": "nitro", "debug": False}
    assert (code, found) == (0, found | said)


def test_debug_mode_is_refused_though_the_contract_reports_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verdict(capsys, DEBUG, "--at", DEBUG_AT_S)
    require_limits(found)
    said = {"accepted": False, "error": "DebugMode", "platform": "nitro", "debug": True}
    assert (code, found) == (1, found | said)


def test_the_clock_stands_at_the_time_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verdict(capsys, GOOD, "--at", GOOD_UNTIL_S)
    assert (code, found["accepted"]) == (0, True)
    require_limits(found)

    code, found = verdict(capsys, GOOD, "--at", GOOD_UNTIL_S + 1)
    assert (code, found["error"], found["warm_gas"]) == (1, "CertificateExpired", None)
    assert 0 < found["cold_gas"] <= COLD_GAS_LIMIT

    code, output, errors = run(capsys, GOOD, "--at", GOOD_UNTIL_S + 1)
    assert f"on chain     CertificateExpired({GOOD_UNTIL_S}, {GOOD_UNTIL_S + 1})\n" in output
    assert errors.startswith("veritally: refused: CertificateExpired(")


def test_the_clock_stands_on_a_slow_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_slowly(document: bytes) -> list[bytes]:
        time.sleep(1.5)
        return make_nitro_hints(document)

    monkeypatch.setattr(onchain, "make_nitro_hints", make_slowly)
    assert onchain.run_onchain(AttestationFile.load(GOOD), GOOD_UNTIL_S).refusal is None


@pytest.mark.parametrize("at_s", [0, 253402300799])
def test_times_at_the_ends(capsys: pytest.CaptureFixture[str], at_s: int) -> None:
    error = "CertificateExpired" if at_s else "CertificateNotYetValid"
    assert verdict(capsys, GOOD, "--at", at_s)[1]["error"] == error


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (-1, "DocumentSignatureInvalid"),
        (place_of_signature(1), "CertificateSignatureInvalid"),
        (place_of_signature(0), "WrongRoot"),
        (place_of_signature(4), "CertificateSignatureInvalid"),
        (5, "WrongProtectedHeader"),
    ],
)
def test_a_flipped_byte_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: int, error: str
) -> None:
    code, found = verdict(capsys, write_flipped(tmp_path, place), "--at", GOOD_AT_S)
    assert (code, found["error"], found["warm_gas"]) == (1, error, None)


def test_a_development_root_is_pinned(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = tmp_path / "made.cose"
    made.write_bytes(ROOT.document(dict.fromkeys(range(3), b"\x01" * 48), GOOD_AT_S))
    code, found = verdict(capsys, made, "--at", GOOD_AT_S, *ROOT_OPTION)
    require_limits(found)
    said = {"accepted": True, "error": None, "platform": "development", "debug": False}
    assert (code, found) == (0, found | said)

    assert verdict(capsys, made, "--at", GOOD_AT_S)[1]["error"] == "WrongRoot"
    assert verdict(capsys, GOOD, "--at", GOOD_AT_S, *ROOT_OPTION)[1]["error"] == "WrongRoot"


def test_verdicts_that_differ_are_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flipped = write_flipped(tmp_path, -1)
    monkeypatch.setattr(type(P384), "verify", lambda *_: True)
    code, output, errors = run(capsys, flipped, "--at", GOOD_AT_S, "--json")
    assert (code, output) == (1, "")
    assert "differ: outside the chain accepted, on the chain DocumentSignatureInvalid()" in errors


def test_claims_that_differ_are_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nitro, "measurement", lambda *_: bytes(32))
    code, output, errors = run(capsys, GOOD, "--at", GOOD_AT_S)
    assert (code, output) == (1, "")
    assert "the verdicts differ: outside the chain accepted with AttestationClaims(" in errors


def test_what_the_cap_does_not_allow_is_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_chain, "TRANSACTION_GAS_CAP", 5_000_000)
    code, output, errors = run(capsys, GOOD, "--at", GOOD_AT_S)
    assert (code, output) == (1, "")
    assert "differ: outside the chain accepted, on the chain no verdict with 5000000 gas (" in errors


def test_the_node_enforces_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_chain, "TRANSACTION_GAS_CAP", standing_chain.TRANSACTION_GAS_CAP + 1)
    with pytest.raises(TransactionFailedError, match="tx_gas_limit_cap"):
        onchain.run_onchain(AttestationFile.load(GOOD), GOOD_AT_S)


def test_a_quote_is_accepted_with_intels_lists(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verdict(capsys, QUOTE, "--at", QUOTE_AT_S, "--collateral", LISTS)
    assert code == 0
    assert (found["accepted"], found["platform"], found["debug"]) == (True, "tdx", False)
    assert found["warm_gas"] <= QUOTE_GAS_LIMIT < found["cold_gas"] < 16_777_216


def test_a_quote_with_outdated_lists_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verdict(capsys, QUOTE, "--at", QUOTE_AT_S + 31 * 86_400, "--collateral", LISTS)
    assert code == 1
    assert (found["accepted"], found["error"], found["warm_gas"]) == (False, "CollateralRefused", None)


def test_a_quote_with_another_body_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    content = bytearray(QUOTE.read_bytes())
    content[600] ^= 1
    path = tmp_path / "quote.bin"
    path.write_bytes(content)
    code, output, errors = run(capsys, path, "--at", QUOTE_AT_S, "--collateral", LISTS)
    assert code == 1
    assert "on chain     InvalidQuoteSignature()" in output
    assert "refused: InvalidQuoteSignature" in errors


def test_documented_examples_exist() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=lambda text: text[:60])
def test_documented_examples_are_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, output: str
) -> None:
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(SystemExit):
        main(shlex.split(command))
    captured = capsys.readouterr()
    assert captured.out + captured.err == output
