"""The commands of `veritally attestation`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.errors import CollateralFileError, DocumentRefusedError, RefusedError
from veritally.attestation.files import AttestationFile
from veritally.attestation.onchain import run_onchain
from veritally.attestation.standing_chain import OnchainRun
from veritally.attestation.tcb import check_tcb
from veritally.cli_collateral import submit

attestation = typer.Typer(no_args_is_help=True, help="Attestation documents of enclaves.")
attestation.command("submit-collateral")(submit)

_ROOT_BYTES = 32
_TIMES = ("valid_from_s", "valid_until_s")
_LAST_SECOND_S = 253_402_300_799
"""End of the year 9999, the last that a certificate can name."""

File = Annotated[Path, typer.Argument(help="Nitro document or TDX quote, as raw bytes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@attestation.callback()
def _group() -> None:
    """Attestation documents of enclaves."""


@attestation.command()
def inspect(file: File, as_json: AsJson = False) -> None:
    """Shows what a document says. Verifies nothing. Exit code 0: shown; 1: refused; 2: unusable file.

    Example: veritally attestation inspect document.cose
    """
    description = AttestationFile.load(file).describe()
    typer.echo(json.dumps(description, indent=2) if as_json else _as_text(description))


@attestation.command()
def verify(
    file: File,
    at_s: Annotated[
        int, typer.Option("--at", min=0, max=_LAST_SECOND_S, help="Time of the verification, unix seconds.")
    ],
    development_root: Annotated[
        str | None, typer.Option(help="SHA-256 of a software root, in hex, instead of AWS's. No TEE.")
    ] = None,
    collateral: Annotated[
        Path | None, typer.Option(help="Intel's collateral for a TDX quote, JSON: judges the firmware, too.")
    ] = None,
    onchain: Annotated[
        bool, typer.Option("--onchain", help="Run the contract, too, on a local chain that is thrown away.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verifies a document at a time. Exit code 0: accepted; 1: refused; 2: unusable file; 3: no local chain.

    Documents in debug mode are refused. Only a contract in use knows revoked Nitro certificates.

    Example: veritally attestation verify document.cose --at 1770918967 --onchain
    """
    document = AttestationFile.load(file)
    root = _read_root(development_root)
    platform, debug = document.platform, None
    lists = None if collateral is None else _read_text(collateral)
    run = run_onchain(document, at_s, root, lists) if onchain else None
    try:
        claims = document.verify(at_s, root)
        platform, debug = claims.platform, claims.debug
        if claims.debug:
            raise DocumentRefusedError("DebugMode", platform=claims.platform.label)
        if lists is not None:
            check_tcb(document.content, lists, at_s)
    except RefusedError as error:
        if as_json:
            typer.echo(_verdict(error.name, platform, debug, run))
            raise typer.Exit(error.exit_code) from None
        _print_rows(_onchain_rows(run))
        raise
    if as_json:
        typer.echo(_verdict(None, platform, debug, run))
    else:
        _print_rows(_accepted_rows(claims) | _onchain_rows(run))


def _read_root(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        root = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        root = b""
    if len(root) != _ROOT_BYTES:
        raise typer.BadParameter("--development-root: give the 32 bytes of a SHA-256 in hex")
    return root


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise CollateralFileError(path, "cannot be read as text") from None


def _verdict(error: str | None, platform: Platform, debug: bool | None, run: OnchainRun | None) -> str:
    verdict = {
        "accepted": error is None,
        "error": error,
        "platform": platform.label,
        "debug": debug,
        "cold_gas": run and run.cold_gas,
        "warm_gas": run and run.warm_gas,
    }
    return json.dumps(verdict, indent=2)


def _accepted_rows(claims: AttestationClaims) -> dict[str, str]:
    return {
        "accepted": claims.platform.label,
        "measurement": f"0x{claims.measurement.hex()}",
        "user data": f"0x{claims.user_data.hex()}",
        "nonce": f"0x{claims.nonce.hex()}",
        "public key": f"0x{claims.public_key.hex()}",
        "made at": _time(claims.timestamp_s) if claims.timestamp_s else "not said",
        "valid until": _time(claims.not_after_s),
    }


def _onchain_rows(run: OnchainRun | None) -> dict[str, str]:
    if run is None:
        return {}
    rows = {"on chain": run.refusal or "accepted", "cold gas": str(run.cold_gas)}
    return rows if run.warm_gas is None else rows | {"warm gas": str(run.warm_gas)}


def _print_rows(rows: dict[str, str]) -> None:
    for name, value in rows.items():
        typer.echo(f"{name:13}{value}")


def _time(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S} UTC ({unix_s})"


def _as_text(description: dict[str, Any]) -> str:
    lines = ["Nothing of this is verified."]
    for name, value in description.items():
        if name == "certificates":
            lines += ["certificates, root first", *map(_certificate_line, value)]
        elif isinstance(value, dict):
            lines += [f"{f'{name} {key}':15}{one}" for key, one in value.items()]
        elif isinstance(value, list):
            lines += [f"{f'{name} {number}':15}{one}" for number, one in enumerate(value)]
        else:
            lines.append(f"{name:15}{_time(value) if name in _TIMES else value}")
    return "\n".join(lines)


def _certificate_line(certificate: dict[str, Any]) -> str:
    window = f"{_time(certificate['valid_from_s'])} to {_time(certificate['valid_until_s'])}"
    role = "authority" if certificate["is_ca"] else "signer"
    return f"  {certificate['subject']}\n    {role}, serial {certificate['serial_number']}, {window}"
