from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from attestation_vectors import FOLDER, NOW_S, PCRS, REAL, ROOT

from veritally.attestation.software_root import SoftwareRoot
from veritally.cli import main
from veritally.cli_attestation import attestation
from veritally.devnet.anvil import BINARY_VARIABLE

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs" / "tee.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(attestation).commands  # type: ignore[attr-defined]
EXAMPLES = re.findall(r"^\$ veritally (attestation [^\n]+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
WITHOUT_NODE = [
    (command, output)
    for command, output in EXAMPLES
    if "--onchain" not in command and "submit-collateral" not in command
]
"""The integration tests run the others."""
QUOTE = FOLDER / "tdx" / "tdx_quote.bin"
QUOTE_TIME = ("--at", "1750414563")
GOOD = REAL[0]
DEBUG = REAL[3]
NO_GAS = {"cold_gas": None, "warm_gas": None}
"""Nothing ran on a chain."""


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors."""
    with pytest.raises(SystemExit) as caught:
        main(["attestation", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def verdict(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code, output, _ = run(capsys, "verify", *arguments, "--json")
    return code, json.loads(output)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "made.cose"
    path.write_bytes(ROOT.document(PCRS, NOW_S, user_data=b"data"))
    return path


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_real_documents_get_their_verdict(capsys: pytest.CaptureFixture[str], real: Any) -> None:
    code, found = verdict(capsys, real.path, "--at", str(real.made_at_s + 5))
    error = "DebugMode" if real.debug else None
    said = {"accepted": not real.debug, "error": error, "platform": "nitro", "debug": real.debug}
    assert found == said | NO_GAS
    assert code == int(real.debug)


def test_refusals_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verdict(capsys, GOOD.path, "--at", str(NOW_S))
    assert (code, found) == (
        1,
        {"accepted": False, "error": "CertificateExpired", "platform": "nitro", "debug": None} | NO_GAS,
    )
    code, _, errors = run(capsys, "verify", GOOD.path, "--at", str(NOW_S))
    assert code == 1
    assert errors.startswith("veritally: refused: CertificateExpired(")


def test_quotes_get_their_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    accepted = {"accepted": True, "error": None, "platform": "tdx", "debug": False} | NO_GAS
    collateral = ("--collateral", FOLDER / "tdx" / "tdx_quote_collateral.json")
    assert verdict(capsys, QUOTE, *QUOTE_TIME) == (0, accepted)
    assert verdict(capsys, QUOTE, *QUOTE_TIME, *collateral) == (0, accepted)

    late = ("--at", str(1750414563 + 90 * 86_400))
    assert verdict(capsys, QUOTE, *late) == (0, accepted)
    code, found = verdict(capsys, QUOTE, *late, *collateral)
    assert (code, found["error"]) == (1, "CollateralRefused")
    code, found = verdict(capsys, FOLDER / "tdx" / "sgx_quote.bin", *QUOTE_TIME)
    assert (code, found["error"]) == (1, "UnsupportedQuoteVersion")


def test_development_documents_need_their_root(capsys: pytest.CaptureFixture[str], made: Path) -> None:
    at = ("--at", str(NOW_S))
    assert verdict(capsys, made, *at)[1]["error"] == "WrongRoot"
    root = ("--development-root", ROOT.fingerprint.hex())
    assert verdict(capsys, made, *at, *root) == (
        0,
        {"accepted": True, "error": None, "platform": "development", "debug": False} | NO_GAS,
    )
    other = SoftwareRoot.generate(31337).fingerprint.hex()
    assert verdict(capsys, made, *at, "--development-root", other)[1]["error"] == "WrongRoot"
    code, _, _ = run(capsys, "verify", made, *at, "--development-root", "0x1234")
    assert code == 2


@pytest.mark.parametrize("command", [("inspect",), ("verify", "--at", "1")])
def test_unusable_files_end_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    contents = {"empty": b"", "text": b"-----BEGIN", "long": b"\x84" * 65_537}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in (*contents, "missing"):
        code, output, errors = run(capsys, *command, tmp_path / name)
        assert (code, output) == (2, "")
        assert name in errors
        assert "give a Nitro document" in errors


def test_unusable_collateral_ends_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, errors = run(capsys, "verify", QUOTE, *QUOTE_TIME, "--collateral", tmp_path / "missing")
    assert code == 2
    assert "missing" in errors


def test_the_contract_needs_collateral_for_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, errors = run(capsys, "verify", QUOTE, *QUOTE_TIME, "--onchain")
    assert (code, output) == (2, "")
    assert "name it with --collateral" in errors


def test_a_missing_node_is_no_refusal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, str(tmp_path / "anvil"))
    code, output, errors = run(capsys, "verify", GOOD.path, "--at", str(GOOD.made_at_s), "--onchain")
    assert (code, output) == (3, "")
    assert "run `make setup`, or set VERITALLY_ANVIL" in errors


def test_times_end_where_those_of_certificates_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(capsys, GOOD.path, "--at", "253402300799")[1]["error"] == "CertificateExpired"
    assert run(capsys, "verify", GOOD.path, "--at", "253402300800")[0] == 2


def test_inspect_shows_claims_chain_and_windows(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, _ = run(capsys, "inspect", GOOD.path, "--json")
    found = json.loads(output)
    assert code == 0
    assert (found["platform"], found["debug"], found["root_of"]) == ("nitro", False, "AWS Nitro Enclaves")
    assert (found["valid_from_s"], found["valid_until_s"]) == GOOD.signer_valid_s
    assert [one["is_ca"] for one in found["certificates"]] == [True] * 4 + [False]
    assert found["certificates"][0]["subject"] == "CN=aws.nitro-enclaves,OU=AWS,O=Amazon,C=US"

    _, output, _ = run(capsys, "inspect", DEBUG.path)
    assert output.startswith("Nothing of this is verified.\n")
    assert re.search(r"^debug +True$", output, re.MULTILINE)


def test_inspect_shows_what_does_not_hold(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "changed.cose"
    path.write_bytes(GOOD.content[:-1] + b"\x00")
    assert run(capsys, "inspect", path)[0] == 0
    path.write_bytes(GOOD.content[:-1])
    code, _, errors = run(capsys, "inspect", path)
    assert code == 1
    assert "CborTruncated" in errors


def test_inspect_marks_development_and_quotes(capsys: pytest.CaptureFixture[str], made: Path) -> None:
    _, output, _ = run(capsys, "inspect", made, "--json")
    found = json.loads(output)
    assert (found["platform"], found["root_of"]) == ("development", "nobody that is known")
    assert "DEVELOPMENT ONLY - NOT A TEE" in found["certificates"][0]["subject"]
    _, output, _ = run(capsys, "inspect", QUOTE, "--json")
    found = json.loads(output)
    assert (found["platform"], found["root_of"]) == ("tdx", "Intel SGX/TDX")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_has_an_example(name: str) -> None:
    assert f"### `veritally attestation {name}`" in TEXT
    assert "Example:" in COMMANDS[name].help
    assert f"attestation {name}" in " ".join(command for command, _ in EXAMPLES)


@pytest.mark.parametrize(("command", "output"), WITHOUT_NODE, ids=lambda text: text[:40])
def test_documented_examples_are_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, output: str
) -> None:
    monkeypatch.chdir(REPOSITORY)
    _, printed, errors = run(capsys, *shlex.split(command)[1:])
    assert printed + errors == output
