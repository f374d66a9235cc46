"""Compiles the generated verifier with solc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import solcx
from solcx.exceptions import SolcError, SolcNotInstalled
from solcx.install import get_executable

from prover.errors import VerifierCompileError, VerifierTooLargeError
from prover.zkml.verifier_source import require_guard

SOLC_VERSION: Final = "0.8.30"
CONTRACT: Final = "Halo2Verifier"
MAX_RUNTIME_BYTES: Final = 24_576
"""EIP-170."""
OPTIMIZER_RUNS: Final = (1_000_000, 5_000, 200, 1)
"""Cheapest to call first, smallest contract last."""

_ROOT = Path(__file__).resolve().parents[2]
_FILE = "Verifier.sol"


@dataclass(frozen=True)
class CompiledVerifier:
    """A verifier that can be deployed."""

    abi: list[dict[str, Any]]
    creation_bytecode: bytes
    runtime_bytes: int
    """Size of the deployed code."""
    optimizer_runs: int


def compile_verifier(source: str) -> CompiledVerifier:
    """Compiles a guarded verifier, for the cheapest calls that fit the EVM's limit of size.

    Raises:
        VerifierSourceError: the source lacks the guard.
        VerifierCompileError: there is no solc of the pinned version, or it refuses the source.
        VerifierTooLargeError: the smallest build is still too large.
    """
    require_guard(source)
    return compile_generated(source, CONTRACT)


def compile_generated(source: str, contract: str) -> CompiledVerifier:
    """Compiles what was made from a generated verifier, for the cheapest calls that fit the EVM.

    Args:
        source: Its Solidity.
        contract: Its name.

    Raises:
        VerifierCompileError: there is no solc of the pinned version, or it refuses the source.
        VerifierTooLargeError: the smallest build is still too large.
    """
    solc = find_solc()
    for runs in OPTIMIZER_RUNS:
        verifier = _compile(source, contract, runs, solc)
        if verifier.runtime_bytes <= MAX_RUNTIME_BYTES:
            return verifier
    raise VerifierTooLargeError(verifier.runtime_bytes, MAX_RUNTIME_BYTES)


def find_solc() -> Path:
    """The pinned solc, as py-solc-x finds it: SOLCX_BINARY_PATH, else the repository's own, else its folder.

    Raises:
        VerifierCompileError: there is none.
    """
    try:
        return get_executable(SOLC_VERSION, solcx_binary_path=_repository_solc())
    except SolcNotInstalled:
        fix = f"run `python -m solcx.install v{SOLC_VERSION}`, or set SOLCX_BINARY_PATH to the folder with it"
        raise VerifierCompileError(f"solc {SOLC_VERSION} is not installed", fix) from None


def _repository_solc() -> Path | None:
    """Folder with the repository's solc under the name that py-solc-x expects; None outside a checkout."""
    solc = _ROOT / "tools" / "solc"
    if not solc.is_file():
        return None
    folder = _ROOT / ".toolchain"
    folder.mkdir(exist_ok=True)
    link = folder / f"solc-v{SOLC_VERSION}"
    if not link.exists():
        temporary = folder / f"{link.name}.{os.getpid()}"
        temporary.symlink_to(Path("..") / "tools" / "solc")
        temporary.replace(link)
    return folder


def _compile(source: str, contract: str, runs: int, solc: Path) -> CompiledVerifier:
    try:
        output = solcx.compile_standard(_standard_input(source, contract, runs), solc_binary=solc)
    except SolcError as error:
        raise VerifierCompileError(
            str(error).strip()[-600:], "use the ezkl and solc that are pinned"
        ) from None
    built = output["contracts"][_FILE][contract]
    return CompiledVerifier(
        abi=built["abi"],
        creation_bytecode=bytes.fromhex(built["evm"]["bytecode"]["object"]),
        runtime_bytes=len(built["evm"]["deployedBytecode"]["object"]) // 2,
        optimizer_runs=runs,
    )


def _standard_input(source: str, contract: str, runs: int) -> dict[str, Any]:
    """No viaIR: with it, solc finds the generated assembly too deep."""
    return {
        "language": "Solidity",
        "sources": {_FILE: {"content": source}},
        "settings": {
            "optimizer": {"enabled": True, "runs": runs},
            "viaIR": False,
            "evmVersion": "cancun",
            "metadata": {"bytecodeHash": "none", "appendCBOR": False},
            "outputSelection": {
                _FILE: {contract: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}
            },
        },
    }
