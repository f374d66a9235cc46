"""The refusals that tools/check_refusals.py disables, one entry each."""

from __future__ import annotations

from pathlib import Path

import attestation_refusals
import enclave_refusals
import indexer_refusals
import opengradient_refusals
import ops_refusals
import program_refusals
import prover_refusals
import registry_refusals
import settlement_refusals
import tdx_refusals
import worker_refusals
import zkml_committed_refusals
import zkml_refusals
from refusal import FORGE, PYTEST, Refusal

ATTESTATION = tuple(
    Refusal(
        name,
        f"{module.FOLDER}/{file}",
        text,
        "require(true || ".join(text.rsplit("require(", 1)),
        (*FORGE, module.TESTS),
    )
    for module in (attestation_refusals, tdx_refusals)
    for file, checks in module.CHECKS.items()
    for name, text in checks
)

PROVERS = tuple(
    Refusal(name, path, text, disabled, (*PYTEST, tests))
    for module in (prover_refusals, ops_refusals, worker_refusals)
    for name, path, text, disabled, tests in module.CHECKS
)

ENCLAVES = (
    *(
        Refusal(name, path, text, disabled, (*FORGE, f"tests/contracts/EnclaveRegistry.{part}.t.sol"))
        for name, path, text, disabled, part in enclave_refusals.CHECKS
    ),
    *(
        Refusal(name, path, text, disabled, (*FORGE, f"tests/contracts/libraries/{Path(path).stem}.t.sol"))
        for name, path, text, disabled in enclave_refusals.LIBRARY_CHECKS
    ),
)

OPENGRADIENT = tuple(
    Refusal(
        name,
        opengradient_refusals.SOURCE,
        text,
        disabled,
        (*FORGE, f"tests/contracts/OpenGradientVerifier.{part}.t.sol"),
    )
    for name, text, disabled, part in opengradient_refusals.CHECKS
)

INDEXER = tuple(
    Refusal(name, path, text, disabled, (*PYTEST, indexer_refusals.UNIT.format(part)))
    for name, path, text, disabled, part in indexer_refusals.CHECKS
)

REFUSALS = (
    *ATTESTATION,
    *ENCLAVES,
    *OPENGRADIENT,
    *PROVERS,
    *INDEXER,
    *settlement_refusals.CHECKS,
    *registry_refusals.CHECKS,
    *zkml_refusals.CHECKS,
    *zkml_committed_refusals.CHECKS,
    *program_refusals.CHECKS,
)
