"""The refusals that tools/check_refusals.py disables, one entry each."""

from __future__ import annotations

from pathlib import Path

import analyst_refusals
import api_refusals
import attestation_refusals
import chaos_refusals
import door_refusals
import enclave_refusals
import indexer_refusals
import lake_refusals
import opengradient_refusals
import ops_refusals
import pipeline_refusals
import program_refusals
import prover_refusals
import recorded_refusals
import registry_refusals
import run_refusals
import settlement_refusals
import tdx_refusals
import truth_refusals
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
    for module in (prover_refusals, pipeline_refusals, door_refusals, ops_refusals, worker_refusals)
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
    for module in (indexer_refusals, lake_refusals, run_refusals, truth_refusals)
    for name, path, text, disabled, part in module.CHECKS
)

ANALYSTS = tuple(
    Refusal(name, path, text, disabled, (*PYTEST, tests))
    for module in (api_refusals, analyst_refusals)
    for name, path, text, disabled, tests in module.CHECKS
)

RECORDED = tuple(
    Refusal(name, path, text, disabled, (*PYTEST, recorded_refusals.UNIT.format(part)))
    for name, path, text, disabled, part in recorded_refusals.CHECKS
)

CHAOS = tuple(
    Refusal(name, path, text, disabled, (*PYTEST, chaos_refusals.UNIT.format(part)))
    for name, path, text, disabled, part in chaos_refusals.CHECKS
)

REFUSALS = (
    *ATTESTATION,
    *ENCLAVES,
    *OPENGRADIENT,
    *PROVERS,
    *INDEXER,
    *ANALYSTS,
    *RECORDED,
    *CHAOS,
    *settlement_refusals.CHECKS,
    *registry_refusals.CHECKS,
    *zkml_refusals.CHECKS,
    *zkml_committed_refusals.CHECKS,
    *program_refusals.CHECKS,
)
