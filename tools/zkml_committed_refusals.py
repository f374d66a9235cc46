"""What proofs of circuits that commit to their inputs must not get past."""

from __future__ import annotations

from refusal import FORGE, PYTEST, Refusal

VERIFIER = "contracts/verifiers/ZkmlVerifier.sol"
MODELS = "contracts/ModelRegistry.sol"
PROVE = "prover/zkml/prove.py"
CHECK = "veritally/receipt_check.py"
VERIFICATION = (*FORGE, "tests/contracts/ZkmlVerifier.committed.t.sol")
REGISTRATION = (*FORGE, "tests/contracts/ModelRegistry.committed.t.sol")
SERVED = (*PYTEST, "tests/integration/test_committed_inputs.py")

CHECKS = (
    Refusal(
        "a proof too short for a commitment",
        VERIFIER,
        "require(proof.length >= COMMITMENT_BYTES, CommitmentMissing(proof.length, COMMITMENT_BYTES));",
        "",
        VERIFICATION,
    ),
    Refusal(
        "a receipt for half of the commitment",
        VERIFIER,
        "hash := keccak256(add(proof, 0x20), COMMITMENT_BYTES)",
        "hash := keccak256(add(proof, 0x20), 0x20)",
        VERIFICATION,
    ),
    Refusal(
        "one commitment for several requests",
        MODELS,
        "require(!circuit.inputsCommitted || circuit.batchSize == 1, CommitmentForBatch(circuit.batchSize));",
        "",
        REGISTRATION,
    ),
    Refusal(
        "circuits of both kinds for one model",
        MODELS,
        " && circuit.inputsCommitted == first.inputsCommitted",
        "",
        REGISTRATION,
    ),
    Refusal(
        "a verifier that takes another first point",
        "contracts/verifiers/CircuitTrial.sol",
        "uint256 internal constant MUTATIONS = uint256(type(IModelRegistry.Mutation).max) + 1;",
        "uint256 internal constant MUTATIONS = uint256(type(IModelRegistry.Mutation).max);",
        REGISTRATION,
    ),
    Refusal(
        "a proof with the commitment to other inputs",
        PROVE,
        'if circuit.inputs_committed and proof[:COMMITMENT_BYTES].hex() != result["commitment"]:',
        "if False:",
        (*PYTEST, "tests/unit/test_zkml_prove.py"),
    ),
    Refusal(
        "inputs that need several commitments",
        "prover/zkml/ezkl_child.py",
        "if len(points) != 1:",
        "if False:",
        SERVED,
    ),
    Refusal(
        "a package with one commitment for several requests",
        "prover/zkml/package.py",
        "if len(circuits) > 1 and any(knobs.input_visibility == COMMITTED for knobs in circuits):",
        "if False:",
        (*PYTEST, "tests/unit/test_model_package.py"),
    ),
    Refusal(
        "a verifying key that is not the circuit's",
        CHECK,
        "if found != registered_key:",
        "if False:",
        SERVED,
    ),
    Refusal(
        "a request hash that is the prover's word",
        CHECK,
        "request_hash = proof_commitment(commitment)",
        "request_hash = proof_commitment(answer.proof.ljust(64))",
        SERVED,
    ),
)
