"""What Settlement refuses."""

from __future__ import annotations

from refusal import FORGE, Refusal, of

SETTLEMENT = "contracts/Settlement.sol"
CONTRADICTION = (*FORGE, "tests/contracts/VerifierRouter.contradiction.t.sol")
VERDICT = "contracts/libraries/VerdictAnswer.sol"


CHECKS = (
    Refusal(
        "a stranger's group",
        SETTLEMENT,
        "if (submitter != group.prover) _requireAuthorized(",
        "if (false) _requireAuthorized(",
        of("relay"),
    ),
    Refusal(
        "a receipt that the evidence does not back",
        SETTLEMENT,
        "while (end < run.end && !verdict.refuses(end)) ++end;",
        "end = run.end;",
        of("refused"),
    ),
    Refusal(
        "an exhibit whose own statement is not backed",
        "contracts/VerifierRouter.sol",
        "require(!verdict.refuses(exhibit.statement), StatementNotBacked(index, exhibit.statement));",
        "",
        CONTRADICTION,
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
)
