"""The refusals that tools/check_refusals.py disables in contracts/verifiers/OpenGradientVerifier.sol.

Name, exact text, what stands there instead, and the part of the tests.
"""

from __future__ import annotations

SOURCE = "contracts/verifiers/OpenGradientVerifier.sol"

_ADMIT = (
    ("a gateway in debug mode", "require(!claims.debug"),
    ("a gateway's document that is not fresh", "require(_isFresh(claims.timestamp)"),
    ("user data of another length", "require(userData.length == USER_DATA_BYTES"),
    ("user data of another form", "require(first == MULTIHASH && second == MULTIHASH"),
    ("a document for another signing key", "require(attested == sha256(spki)"),
)
_SETTLE = (
    ("an unbound key that is not admitted", "require(block.timestamp < until"),
    ("receipts of another unbound group", "require(digest == claim.groupDigest"),
    ("unbound evidence that is not canonical", "require(keccak256(evidence) == keccak256(abi.encode(shown))"),
    ("unbound evidence without receipts", "require(count != 0"),
    ("another number of unbound signatures", "require(shown.signatures.length == count"),
    ("an unbound result twice in a group", "require(table[place] != mark"),
    ("an unbound result that is not signed", "require(RsaPss2048.isValid("),
)

CHECKS: tuple[tuple[str, str, str, str], ...] = (
    *((name, text, text.replace("require(", "require(true || "), "admit") for name, text in _ADMIT),
    *((name, text, text.replace("require(", "require(true || "), "settle") for name, text in _SETTLE),
    (
        "a gateway's document of the future",
        "timestamp <= block.timestamp + MAX_DOCUMENT_AGE && ",
        "",
        "admit",
    ),
    (
        "a gateway's document that is old",
        " && block.timestamp <= timestamp + MAX_DOCUMENT_AGE",
        "",
        "admit",
    ),
    ("another multihash of the certificate", "first == MULTIHASH && ", "", "admit"),
    ("another multihash of the key", " && second == MULTIHASH", "", "admit"),
    ("a modulus of another length", "modulus.length == MODULUS_BYTES && ", "", "admit"),
    ("a modulus of fewer bits", "modulus[0] >= 0x80 && ", "", "admit"),
    ("an even modulus", " && uint8(modulus[MODULUS_BYTES - 1]) & 1 == 1", "", "admit"),
    (
        "a gateway's code that the model does not accept",
        "MODELS.requireMeasurement(claim.modelId, shown.measurement);",
        "",
        "settle",
    ),
    (
        "an unbound group of another route",
        "ROUTER.routeOf(address(this))",
        "bytes4(uint32(uint256(claim.groupDigest)))",
        "verify",
    ),
    ("a key that speaks for all code", "[shown.measurement]", "[bytes32(0)]", "settle"),
    (
        "the label of unbound results",
        "Labels.UNBOUND | Labels.DEVELOPMENT : Labels.UNBOUND",
        "1 : 0",
        "verify",
    ),
)
