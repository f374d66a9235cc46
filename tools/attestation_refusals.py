"""The refusals that tools/check_refusals.py disables in contracts/attestation: one for each `require`."""

from __future__ import annotations

FOLDER = "contracts/attestation"
TESTS = "tests/contracts/NitroAttestation.*.t.sol"
CHECKS = {
    "Cbor.sol": (
        ("an array of unknown length", "_readTyped(input, major);\n        require(value != INDEFINITE"),
        ("a string beyond the end", "require(length <= rest.length"),
        (
            "a map of unknown length without an end",
            "return (index < count, input);\n        require(input.length != 0",
        ),
        ("bytes after the last CBOR item", "require(rest.length == 0"),
        ("items nested too deep", "require(depth != 0"),
        ("a skipped string of unknown length", "depth - 1);\n        require(value != INDEFINITE"),
        ("a skipped string beyond the end", "require(value <= rest.length"),
        ("another CBOR type", "require(major == expected"),
        ("no CBOR item", "bytes calldata rest) {\n        require(input.length != 0"),
        ("a reserved CBOR length", "require(info <= 27"),
        ("a CBOR number cut off", "require(input.length >= end"),
        ("a CBOR number not in its shortest form", "require(value >= least"),
    ),
    "CertificateCache.sol": (
        ("a chain without certificates", "require(chain.length != 0"),
        ("a chain with too few hints", "require(hints.length == chain.length - 1"),
        ("a second revocation", "require(!isRevoked[issuer][serialNumber], AlreadyRevoked(issuer"),
        ("another root", "require(found == ROOT"),
        ("another issuer", "require(issuer == link.subject"),
        (
            "a certificate that another key signed",
            "require(_isSignedBy(link.publicKey, signed, signature, hint)",
        ),
        ("a certificate that is not valid yet", "require(block.timestamp >= facts.notBefore"),
        ("a certificate that has expired", "require(block.timestamp <= facts.notAfter"),
        (
            "a certificate that is revoked",
            "require(!isRevoked[issuer][serialNumber], RevokedCertificate(issuer",
        ),
        ("a certificate below one of no authority", "require(link.isCa"),
        ("an authority too many", "require(link.pathLength != 0"),
    ),
    "Cose.sol": (
        (
            "a document signature of another length",
            "require(\n            signature.length == SIGNATURE_BYTES",
        ),
        ("another COSE tag", "require(count == SIGN1_TAG"),
        ("another number of COSE parts", "require(count == PARTS"),
        (
            "another protected header",
            "require(\n            header.length == 4 && bytes4(header) == PROTECTED_HEADER",
        ),
    ),
    "Der.sol": (
        ("a negative INTEGER", "require(magnitude.length != 0 && magnitude[0] < 0x80"),
        ("a padded INTEGER", "require(magnitude.length == 1 || magnitude[1] >= 0x80"),
        ("an INTEGER that is too long", "require(magnitude.length <= maxBytes"),
        ("a BOOLEAN that is not FF", "require(content.length == 1 && content[0] == TRUE"),
        ("bytes after the last DER element", "require(rest.length == 0"),
        ("no DER element", "require(input.length >= 2"),
        ("another DER tag", "require(uint8(input[0]) == tag"),
        ("an indefinite DER length", "require(start == 3 || start == 4"),
        ("a DER length cut off", "require(input.length >= start"),
        ("a DER length not in its shortest form", "require(length >= (start == 3 ? 0x80 : 0x100)"),
        ("a DER element beyond the end", "require(input.length >= end"),
    ),
    "DerTime.sol": (
        ("a time of another form", 'require(text.length == (long ? 15 : 13) && text[text.length - 1] == "Z"'),
        ("a GeneralizedTime before 2050", "require(year >= 2050"),
        ("hour 24", "require(hour < 24"),
        ("30 February", "require(month >= 1 && month <= 12 && day >= 1 && day <= _daysIn(year, month)"),
        (
            "a time with letters",
            'require(\n            digits[0] >= "0"',
        ),
    ),
    "NitroAttestation.sol": (
        ("another root for NITRO", "require(root == AWS_ROOT"),
        ("a platform with other documents", "require(platform == Platform.DEVELOPMENT"),
        ("a development root on other chains", "require(DevelopmentChains.isOne()"),
        ("an authority that signs documents", "require(!link.isCa"),
        (
            "a document that another key signed",
            "require(_isSignedBy(link.publicKey, message, signature, hint)",
        ),
        ("a document with too few hints", "require(hints.length == count + 1"),
    ),
    "NitroPayload.sol": (
        ("a missing field", "require(payload.fields & 1 << i != 0"),
        ("a repeated field", "require(payload.fields & bit == 0"),
        ("another digest", 'require(digest.length == 6 && bytes6(digest) == "SHA384"'),
        ("an empty bundle", "require(count != 0"),
        ("a value that is too long", "require(value.length <= max"),
    ),
    "Pcrs.sol": (
        ("a missing last register", "require(least >= REQUIRED"),
        ("register 32", "require(index < BANK_SIZE"),
        ("registers out of order", "require(index >= least"),
        ("a missing first register", "require(index == least || least >= REQUIRED"),
        ("a register of another length", "require(value.length == PCR_BYTES"),
    ),
    "X509.sol": (
        ("a certificate that is too long", "require(certificate.length <= MAX_BYTES"),
        ("another version of X.509", "require(found == VERSION_3"),
        ("serial number zero", "require(magnitude.length != 0"),
        ("another signature algorithm", "require(found == ECDSA_WITH_SHA384"),
        ("another type of public key", "require(found == P384_KEY"),
        ("a signature of no bits", "require(bits.length != 0 && bits[0] == 0"),
    ),
    "X509Extensions.sol": (
        ("no basicConstraints", "require(seen.hasConstraints"),
        ("no keyUsage", "require(seen.hasUsage"),
        ("a key used for something else", "require(seen.usage & needed == needed"),
        ("an unknown critical extension", "require(!critical"),
        ("a repeated extension", "require(seen.identifiers[i] != hash"),
        ("too many extensions", "require(seen.count < MAX_EXTENSIONS"),
        ("a path length without authority", "require(facts.isCa"),
        ("keyUsage of no bits", "require(bits.length == 2 || bits.length == 3"),
        (
            "keyUsage with wrong unused bits",
            "require(unused < 8 && last & ((2 << unused) - 1) == 1 << unused",
        ),
    ),
}
"""By file: the name of the refusal, and the text that enforces it, which occurs once."""
