"""The refusals that tools/check_refusals.py disables, one entry each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import attestation_refusals
import enclave_refusals
import opengradient_refusals
import prover_refusals
import tdx_refusals

ROOT = Path(__file__).resolve().parent.parent
FORGE = ("forge", "test", "--match-path")
REFUSES = (*FORGE, "tests/contracts/Settlement.refuses.t.sol")
SETTLEMENT = "contracts/Settlement.sol"
ROUTER = "contracts/VerifierRouter.sol"
CONTRADICTION = (*FORGE, "tests/contracts/VerifierRouter.contradiction.t.sol")
MODELS = "contracts/ModelRegistry.sol"
VERDICT = "contracts/libraries/VerdictAnswer.sol"
TRIAL = "contracts/verifiers/CircuitTrial.sol"
CIRCUIT = (*FORGE, "tests/contracts/ModelRegistry.circuit.t.sol")
PYTEST = (str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
SERVICE = (*PYTEST, "tests/integration/test_prover_service.py")


@dataclass(frozen=True)
class Refusal:
    """One refusal and how to disable it."""

    name: str
    path: str
    text: str
    """Exact text that enforces it; must occur once."""
    disabled: str
    command: tuple[str, ...] = REFUSES


def of(operation: str) -> tuple[str, ...]:
    """The command that runs the tests of one of Settlement's operations."""
    return (*FORGE, f"tests/contracts/Settlement.{operation}.t.sol")


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
    for name, path, text, disabled, tests in prover_refusals.CHECKS
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

REFUSALS = (
    *ATTESTATION,
    *ENCLAVES,
    *OPENGRADIENT,
    *PROVERS,
    Refusal(
        "a stranger's group",
        SETTLEMENT,
        "if (submitter != group.prover) _requireAuthorized(",
        "if (false) _requireAuthorized(",
        of("relay"),
    ),
    Refusal(
        "evidence as authorization",
        SETTLEMENT,
        "bytes32 digest = authorizationDigest(root, group.route, keccak256(abi.encode(group.payments)));",
        "bytes32 digest = groupDigest(root, group.route);",
        of("relay"),
    ),
    Refusal(
        "payments that the prover did not allow",
        SETTLEMENT,
        "keccak256(abi.encode(group.payments)));",
        "keccak256(abi.encode(group.payments.length)));",
        of("relay"),
    ),
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
        "a group that calls itself the frame",
        SETTLEMENT,
        "require(msg.sender == address(this), OnlySelf(msg.sender));",
        "",
        of("calldata"),
    ),
    Refusal(
        "re-entry",
        SETTLEMENT,
        "external nonReentrant returns (GroupResult[]",
        "external returns (GroupResult[]",
        of("hostile"),
    ),
    Refusal(
        "groups that stand elsewhere",
        SETTLEMENT,
        "require(offset == CANONICAL_OFFSET, NonCanonicalCalldata(offset));",
        "",
        of("calldata"),
    ),
    Refusal(
        "want of gas taken for bad data",
        SETTLEMENT,
        "gasleft() > gasBefore / 20",
        "gasleft() > 0",
        of("calldata"),
    ),
    Refusal(
        "want of gas that does not stop the batch",
        SETTLEMENT,
        "if (bytes4(output) == NotEnoughGas.selector) BoundedCall.revertWith(output);",
        "",
        of("calldata"),
    ),
    Refusal(
        "a verifier that feigns want of gas",
        SETTLEMENT,
        "bytes4(reason) != NotEnoughGas.selector",
        "true",
        of("hostile"),
    ),
    Refusal(
        "a token that moves too little",
        SETTLEMENT,
        "        _requirePaid(frame);\n",
        "",
        of("hostile"),
    ),
    Refusal(
        "inclusion of a skipped receipt",
        SETTLEMENT,
        "skipped == 0 ? frame.root : MerkleRoot.computeNonZero(frame.hashes)",
        "frame.root",
        of("inclusion"),
    ),
    Refusal(
        "inclusion at tier none",
        SETTLEMENT,
        "tier != Tier.NONE && tier >= minTier",
        "tier >= minTier",
        of("inclusion"),
    ),
    Refusal(
        "nonces of an unpaid run",
        SETTLEMENT,
        "_undoRun(frame, receipts, run, refusal);",
        "",
        of("upto"),
    ),
    Refusal(
        "receipt replayed",
        "contracts/libraries/ReceiptRun.sol",
        "and(spentNow, bit)",
        "0",
        of("refuses"),
    ),
    Refusal(
        "tier below the floor",
        SETTLEMENT,
        "floor != 0 && floor <= uint8(frame.log.tier)",
        "floor != 0",
        of("refuses"),
    ),
    Refusal(
        "floor zero",
        SETTLEMENT,
        "floor != 0 && floor <= uint8(frame.log.tier)",
        "floor <= uint8(frame.log.tier)",
        of("refuses"),
    ),
    Refusal(
        "two payments for one receipt",
        SETTLEMENT,
        "first >= next && first < end",
        "first < end",
        of("refuses"),
    ),
    Refusal(
        "a payment for a free receipt",
        SETTLEMENT,
        "require(run.payer != address(0), PaymentForFreeReceipt(first));",
        "",
        of("upto"),
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
        "refund of somebody else's channel",
        SETTLEMENT,
        "require(channel.receiver == payAddress, NotChannelReceiver(channel.receiver, payAddress));",
        "",
        of("refund"),
    ),
    Refusal(
        "pay address of a lower tier than the floor",
        SETTLEMENT,
        "to = payAddressOf(frame.prover, floor);",
        "to = payAddressOf(frame.prover, uint8(Tier.SIGNED));",
        of("refuses"),
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
        "Halo2Call.accepts(circuit.verifier, circuit.proofGas, proofs[i].proof, proofs[i].instances),",
        "true,",
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
        "an answer of another length than a verdict",
        VERDICT,
        "answer.length == LENGTH && ",
        "",
        of("verdict"),
    ),
    Refusal(
        "unknown labels",
        VERDICT,
        " && uint256(bytes32(answer)) <= Labels.ALL",
        "",
        of("verdict"),
    ),
    Refusal(
        "an answer that is no verdict",
        SETTLEMENT,
        "require(VerdictAnswer.isValid(output), IVerifier.MalformedEvidence());",
        "",
        of("verdict"),
    ),
    Refusal(
        "exhibit whose verifier gives no verdict",
        ROUTER,
        "require(success && VerdictAnswer.isValid(output), ",
        "require(success, ",
        CONTRADICTION,
    ),
    Refusal(
        "more than an enclave key may back",
        SETTLEMENT,
        "require(total <= valueCap, ValueCapExceeded(key, asset, total, valueCap));",
        "",
        of("cap"),
    ),
    Refusal(
        "what an enclave key backed before",
        SETTLEMENT,
        "uint256 total = _backed[key][asset] + frame.amount;",
        "uint256 total = frame.amount;",
        of("cap"),
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
    Refusal(
        "malformed JSON at the door",
        "prover/requests.py",
        "    except ValueError as error:\n        raise _malformed(str(error)) from None\n",
        '    except ValueError:\n        return {"input": [5.1, 3.5, 1.4, 0.2]}\n',
        SERVICE,
    ),
    Refusal(
        "wrong input shape at the door",
        "prover/requests.py",
        "values = require_inputs(numbers, package.input_size)",
        "values = require_inputs(numbers, len(numbers))",
        SERVICE,
    ),
    Refusal(
        "unknown model at the door",
        "prover/catalogue.py",
        "model = self.models.get(model_name)\n",
        "model = next(iter(self.models.values()))\n",
        SERVICE,
    ),
    Refusal(
        "copies of one payment",
        "prover/facilitator.py",
        "if self._ledger.reserve(payment, now_s=int(time.time())):",
        "if self._ledger.reserve(payment, now_s=int(time.time())) or True:",
        SERVICE,
    ),
)
