"""What the router, the model registry, the payments and the zk verifier refuse."""

from __future__ import annotations

from refusal import FORGE, Refusal, of

SETTLEMENT = "contracts/Settlement.sol"
ROUTER = "contracts/VerifierRouter.sol"
CONTRADICTION = (*FORGE, "tests/contracts/VerifierRouter.contradiction.t.sol")
MODELS = "contracts/ModelRegistry.sol"
TRIAL = "contracts/verifiers/CircuitTrial.sol"
CIRCUIT = (*FORGE, "tests/contracts/ModelRegistry.circuit.t.sol")


CHECKS = (
    Refusal(
        "vouchers of another key",
        "contracts/payments/BatchPayments.sol",
        "|| (channel.payerAuthorizer != channel.payer && channel.payerAuthorizer != address(0))",
        "",
        of("channel"),
    ),
    Refusal(
        "zk evidence that is not canonical",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(keccak256(evidence) == keccak256(abi.encode(index, proofs)), NonCanonicalEvidence());",
        "",
        (*FORGE, "tests/contracts/ZkmlVerifier.t.sol"),
    ),
    Refusal(
        "receipt replayed",
        "contracts/libraries/ReceiptRun.sol",
        "and(spentNow, bit)",
        "0",
        of("refuses"),
    ),
    Refusal(
        "another payer in a run",
        "contracts/libraries/ReceiptRun.sol",
        "xor(calldataload(next), payer)",
        "0",
        of("upto"),
    ),
    Refusal(
        "another floor in a run, reserved bits",
        "contracts/libraries/ReceiptRun.sol",
        "xor(and(terms, SHARED_MASK), shared)",
        "0",
        of("upto"),
    ),
    Refusal(
        "a payer without an amount",
        "contracts/libraries/ReceiptRun.sol",
        "xor(iszero(amount), free)",
        "0",
        of("upto"),
    ),
    Refusal(
        "payer without funds",
        "contracts/payments/CollectCall.sol",
        'return success ? bytes("") : abi.encodeWithSelector(ISettlement.PaymentFailed.selector, cause);',
        'success; cause; return "";',
        of("refuses"),
    ),
    Refusal(
        "amount above the signed maximum",
        "contracts/payments/UptoPayments.sol",
        "if (collection.amount > payment.maxAmount) return _aboveMaximum(payment, collection);",
        "",
        of("upto"),
    ),
    Refusal(
        "payment data that is no encoding",
        "contracts/payments/UptoPayments.sol",
        "data.length >= MIN_BYTES && uint256(bytes32(data)) == 0x20",
        "data.length < MIN_BYTES << 128",
        of("calldata"),
    ),
    Refusal(
        "more than the voucher allows",
        "contracts/payments/BatchPayments.sol",
        "if (total > payment.maxClaimableAmount) {",
        "if (false) {",
        of("channel"),
    ),
    Refusal(
        "a channel of another payer",
        "contracts/payments/BatchPayments.sol",
        "channel.payer != collection.payer ||",
        "",
        of("channel"),
    ),
    Refusal(
        "a channel to another pay address",
        "contracts/payments/BatchPayments.sol",
        "channel.receiver != collection.to",
        "false",
        of("channel"),
    ),
    Refusal(
        "a claim of more than was verified",
        "contracts/payments/BatchPayments.sol",
        "uint256 total = claimed + collection.amount;",
        "uint256 total = payment.maxClaimableAmount;",
        of("channel"),
    ),
    Refusal(
        "a signature of another length",
        "contracts/payments/ExactPayments.sol",
        "payment.signature.length != 65",
        "false",
        of("exact"),
    ),
    Refusal(
        "an account that does not say yes",
        "contracts/libraries/Signatures.sol",
        "success && output.length == 32 && bytes32(output) == bytes32(IERC1271.isValidSignature.selector)",
        "success",
        of("hostile"),
    ),
    Refusal(
        "a token without a readable balance",
        "contracts/libraries/TokenBalance.sol",
        "success && output.length == 32",
        "success",
        of("hostile"),
    ),
    Refusal(
        "less gas than promised",
        "contracts/libraries/BoundedCall.sol",
        "require(available >= needed, ISettlement.NotEnoughGas(available, needed));",
        "",
        of("hostile"),
    ),
    Refusal(
        "a long answer",
        "contracts/libraries/BoundedCall.sol",
        "if gt(size, maxBytes) { size := maxBytes }",
        "",
        of("hostile"),
    ),
    Refusal(
        "wrong prover signature",
        "contracts/verifiers/SignedVerifier.sol",
        "SignatureChecker.isValidSignatureNowCalldata(claim.prover, claim.groupDigest, evidence),",
        "evidence.length == 65,",
    ),
    Refusal(
        "zk proof with a changed word",
        "contracts/verifiers/ZkmlVerifier.sol",
        "if (Halo2Call.accepts(circuit.verifier, circuit.proofGas, proofs[i].proof, proofs[i].instances)) "
        "continue;",
        "continue;",
    ),
    Refusal(
        "all receipts of a bad zk proof",
        "contracts/verifiers/ZkmlVerifier.sol",
        "refused |= ((1 << circuit.batchSize) - 1) << i * circuit.batchSize;",
        "refused |= 1 << i * circuit.batchSize;",
        (*FORGE, "tests/contracts/ZkmlVerifier.batch.t.sol"),
    ),
    Refusal(
        "a bad zk proof in a group that no verdict can name",
        "contracts/verifiers/ZkmlVerifier.sol",
        "bad < proofs.length && count <= MAX_NAMED_RECEIPTS",
        "bad < proofs.length",
        (*FORGE, "tests/contracts/ZkmlVerifier.batch.t.sol"),
    ),
    Refusal(
        "a group without a good zk proof",
        "contracts/verifiers/ZkmlVerifier.sol",
        "bad < proofs.length && count <= MAX_NAMED_RECEIPTS",
        "count <= MAX_NAMED_RECEIPTS",
        (*FORGE, "tests/contracts/ZkmlVerifier.batch.t.sol"),
    ),
    Refusal(
        "zk proof of another response",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(response == statements[i].responseHash, ResponseMismatch("
        "statements[i].responseHash, response));",
        "",
    ),
    Refusal(
        "instance outside the field",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(instances[i] < Halo2Call.FIELD_MODULUS, InstanceOutOfField(i, instances[i]));",
        "",
    ),
    Refusal(
        "instance too many",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(instances.length == expected, InstanceCountMismatch(expected, instances.length));",
        "",
    ),
    Refusal(
        "route that is not registered",
        ROUTER,
        "require(entry.status != RouteStatus.NONE, UnknownRoute(route));",
        "",
    ),
    Refusal(
        "route before its delay is over",
        ROUTER,
        "require(block.timestamp >= entry.activeFrom, RouteNotActive(route, entry.activeFrom));",
        "",
        (*FORGE, "tests/contracts/VerifierRouter.t.sol"),
    ),
    Refusal(
        "stop by a stranger",
        ROUTER,
        "require(msg.sender == guardian || msg.sender == owner(), NotGuardian(msg.sender));",
        "",
        (*FORGE, "tests/contracts/VerifierRouter.t.sol"),
    ),
    Refusal(
        "contradiction between equal responses",
        ROUTER,
        "require(one.responseHash != other.responseHash, ResponsesAgree(one.responseHash));",
        "",
        CONTRADICTION,
    ),
    Refusal(
        "contradiction by evidence that is not accepted",
        ROUTER,
        "require(success && VerdictAnswer.isValid(output), ExhibitRefused(index, output));",
        "",
        CONTRADICTION,
    ),
    Refusal(
        "circuit without a valid proof",
        TRIAL,
        "require(Halo2Call.accepts(verifier, gasLimit, proof, instances), "
        "IModelRegistry.ProofRefused(verifier));",
        "",
        CIRCUIT,
    ),
    Refusal(
        "circuit that accepts a mutation of its proof",
        TRIAL,
        "!_accepts(verifier, gasLimit, proof, instances, mutation),",
        "true,",
        CIRCUIT,
    ),
    Refusal(
        "exhibit whose verifier gives no verdict",
        ROUTER,
        "require(success && VerdictAnswer.isValid(output), ",
        "require(success, ",
        CONTRADICTION,
    ),
    Refusal(
        "a value cap by a stranger",
        MODELS,
        "uint128 capBaseUnits) external onlyModelOwner(modelId) {",
        "uint128 capBaseUnits) external {",
        (*FORGE, "tests/contracts/ModelRegistry.t.sol"),
    ),
    Refusal(
        "measurement before its delay is over",
        MODELS,
        "acceptance.acceptedFrom != 0 && block.timestamp >= acceptance.acceptedFrom &&",
        "acceptance.acceptedFrom != 0 &&",
        (*FORGE, "tests/contracts/ModelRegistry.t.sol"),
    ),
)
