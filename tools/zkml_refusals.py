"""What proofs that are verified together must not get past."""

from __future__ import annotations

from refusal import FORGE, Refusal

BATCH = "contracts/verifiers/Halo2Batch.sol"
CURVE = "contracts/libraries/Bn254.sol"
TRIAL = "contracts/verifiers/AccumulatorTrial.sol"
CEREMONY = "contracts/libraries/PublicCeremony.sol"
MODELS = "contracts/ModelRegistry.sol"
BATCHES = (*FORGE, "tests/contracts/Halo2Batch.t.sol")
REGISTRATION = (*FORGE, "tests/contracts/ModelRegistry.accumulator.t.sol")
TOGETHER = (*FORGE, "tests/contracts/ZkmlVerifier.together.t.sol")

CHECKS = (
    Refusal(
        "errors of two proofs that cancel",
        BATCH,
        "uint256 coefficient = uint256(sum.state) % Bn254.ORDER;",
        "uint256 coefficient = 1;",
        BATCHES,
    ),
    Refusal(
        "coefficients that do not depend on the proofs",
        BATCH,
        "abi.encode(sum.state, keccak256(item.proof), keccak256(abi.encodePacked(item.instances)), words)",
        "abi.encode(sum.state)",
        BATCHES,
    ),
    Refusal(
        "a proof that the accumulator refuses",
        BATCH,
        "if (!answered || !_add(sum, words, proofs[i])) return false;",
        "if (answered && !_add(sum, words, proofs[i])) return false;",
        BATCHES,
    ),
    Refusal("a batch of nothing", BATCH, "if (!known || proofs.length == 0) return false;", "", BATCHES),
    Refusal(
        "a verifying key that is too short",
        BATCH,
        "known = offset == 0x20 && key.length >= FIRST_POINT && key.length",
        "known = offset == 0x20 && key.length",
        BATCHES,
    ),
    Refusal(
        "a pairing that does not hold",
        CURVE,
        "equal := and(equal, eq(mload(free), 1))",
        "",
        BATCHES,
    ),
    Refusal(
        "points that are none",
        CURVE,
        "success := and(success, staticcall(POINT_GAS, 0x06, free, 0x80, sum, 0x40))",
        "pop(staticcall(POINT_GAS, 0x06, free, 0x80, sum, 0x40))\n            success := 1",
        BATCHES,
    ),
    Refusal(
        "a batch that fails taken for a verdict",
        "contracts/verifiers/ZkmlVerifier.sol",
        "refused: _acceptsTogether(claim.modelId, index, proofs) ? 0 : _judge(circuit, proofs, count)",
        "refused: proofs.length > 1 && !_acceptsTogether(claim.modelId, index, proofs) "
        "? 1 : _judge(circuit, proofs, count)",
        TOGETHER,
    ),
    Refusal(
        "an accumulator by a stranger",
        MODELS,
        "    ) external onlyModelOwner(modelId) {\n        Circuit memory circuit",
        "    ) external {\n        Circuit memory circuit",
        REGISTRATION,
    ),
    Refusal(
        "a second accumulator",
        MODELS,
        "require(_accumulators[modelId][index].accumulator == address(0), "
        "AccumulatorExists(modelId, index));",
        "",
        REGISTRATION,
    ),
    Refusal(
        "an accumulator of another SRS than the ceremony's",
        TRIAL,
        "require(known && (circuit.developmentSrs || PublicCeremony.isOf(key)), ",
        "require(known, ",
        REGISTRATION,
    ),
    Refusal("a changed word of the ceremony", CEREMONY, "&& key[2] == NEG_S_G2_Y_1 ", "", REGISTRATION),
    Refusal(
        "an accumulator shown with bad proofs",
        TRIAL,
        "        _requireValid(circuit, second);\n",
        "",
        REGISTRATION,
    ),
    Refusal(
        "an accumulator that accepts a mutation of the first proof",
        TRIAL,
        "require(!inFirst && !inSecond, ",
        "require(!inSecond, ",
        REGISTRATION,
    ),
    Refusal(
        "an accumulator that accepts a mutation of the second proof",
        TRIAL,
        "require(!inFirst && !inSecond, ",
        "require(!inFirst, ",
        REGISTRATION,
    ),
    Refusal(
        "an accumulator that accepts swapped instances",
        TRIAL,
        "!_accepts(accumulator, ZkProof(first.proof, second.instances), "
        "ZkProof(second.proof, first.instances)),",
        "true,",
        REGISTRATION,
    ),
    Refusal(
        "an accumulator that refuses for want of gas",
        TRIAL,
        "require(available >= needed, Halo2Call.NotEnoughGasForProof(available, needed));",
        "available;\n        needed;",
        REGISTRATION,
    ),
)
