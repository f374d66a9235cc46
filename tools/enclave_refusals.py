"""What the enclave registry and its neighbours refuse: name, file, text that enforces it, tests."""

from __future__ import annotations

_REGISTRY = "contracts/EnclaveRegistry.sol"
_SIGNATURE = "contracts/libraries/EnclaveSignature.sol"
_BLOCK = "contracts/libraries/RecentBlock.sol"

CHECKS = (
    (
        "two verifiers of one platform",
        _REGISTRY,
        "&& address(verifierOf[platform]) == address(0)",
        "",
        "register",
    ),
    ("a verifier of no platform", _REGISTRY, "platform != Platform.NONE && ", "", "register"),
    ("development documents elsewhere", _REGISTRY, "|| DevelopmentChains.isOne()", "|| true", "register"),
    ("a key that expired before it came", _REGISTRY, "asked.validUntil > block.timestamp &&", "", "register"),
    ("a key that lives too long", _REGISTRY, "&& asked.validUntil <= latest", "", "register"),
    (
        "no proof of possession",
        _REGISTRY,
        "signature) == key, NoProofOf",
        "signature) != 0, NoProofOf",
        "register",
    ),
    ("a platform without a verifier", _REGISTRY, "address(verifier) != address(0),", "true,", "register"),
    ("debug mode", _REGISTRY, "!claims.debug,", "true,", "register"),
    ("other user data", _REGISTRY, "keccak256(claims.userData) == keccak256(expected),", "true,", "register"),
    (
        "an old document",
        _REGISTRY,
        "claims.timestamp + MAX_DOCUMENT_AGE >= block.timestamp",
        "true",
        "register",
    ),
    (
        "a document from the future",
        _REGISTRY,
        "&& claims.timestamp <= block.timestamp + MAX_DOCUMENT_AGE",
        "",
        "register",
    ),
    (
        "a measurement that is not accepted",
        _REGISTRY,
        "MODELS.requireMeasurement(asked.modelId, claims.measurement);",
        "",
        "register",
    ),
    ("a public key of another length", _SIGNATURE, "&& publicKey.length == length,", ",", "register"),
    ("a public key of no kind", _SIGNATURE, "kind != KeyKind.NONE && ", "", "register"),
    ("a block that is not told", _REGISTRY, "require(challenge != 0,", "require(true,", "register"),
    ("no binding to the chain", _REGISTRY, "block.chainid,\n", "uint256(84532),\n", "register"),
    ("no binding to the registry", _REGISTRY, "address(this),\n", "address(SETTLEMENT),\n", "register"),
    ("a renewal that ends earlier", _REGISTRY, "asked.validUntil >= entry.validUntil,", "true,", "renew"),
    ("a renewal with other code", _REGISTRY, "entry.measurement == claims.measurement,", "true,", "renew"),
    (
        "a renewal for another model",
        _REGISTRY,
        "entry.modelId == asked.modelId && ",
        "",
        "renew",
    ),
    ("a renewal for another prover", _REGISTRY, " && entry.prover == asked.prover", "", "renew"),
    ("a key of another model", _REGISTRY, "entry.modelId == modelId && ", "", "stop"),
    ("a key of another prover", _REGISTRY, " && entry.prover == prover", "", "stop"),
    ("an expired key", _REGISTRY, "block.timestamp < entry.validUntil,", "true,", "stop"),
    (
        "a measurement that was removed",
        _REGISTRY,
        "MODELS.requireMeasurement(modelId, entry.measurement);",
        "",
        "stop",
    ),
    ("an unknown key", _REGISTRY, "entry.validUntil != 0,", "true,", "stop"),
    ("a stranger who stops a key", _REGISTRY, "require(allowed,", "require(true,", "stop"),
    ("a compromise before the key", _REGISTRY, "since >= entry.validFrom && ", "", "stop"),
    ("a compromise later than said before", _REGISTRY, " && since <= latest", "", "stop"),
    ("an equivocation over two requests", _REGISTRY, "one.requestHash == other.requestHash && ", "", "stop"),
    ("an equivocation under two numbers", _REGISTRY, " && nonce == other.terms.nonce()", "", "stop"),
    (
        "an equivocation with one response",
        _REGISTRY,
        "one.responseHash != other.responseHash,",
        "true,",
        "stop",
    ),
    (
        "an equivocation that somebody else signed",
        _REGISTRY,
        "exhibit.signature) == key;",
        "exhibit.signature) != 0;",
        "stop",
    ),
)
"""Name, file, text, what takes its place, part of the registry's tests."""

LIBRARY_CHECKS = (
    (
        "a P-256 signature that is none",
        _SIGNATURE,
        "if (!P256Signature.isValid(",
        "if (false && !P256Signature.isValid(",
    ),
    (
        "an RSA signature that is none",
        _SIGNATURE,
        "if (!RsaPss2048.isValid(",
        "if (false && !RsaPss2048.isValid(",
    ),
    ("an answer that is no block hash", _BLOCK, "&& output.length == 32 ", ""),
)
"""Name, file, text, what takes its place; the tests are those of the file's name."""
