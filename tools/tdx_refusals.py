"""The refusals that tools/check_refusals.py disables in the contracts for TDX: one for each `require`."""

from __future__ import annotations

FOLDER = "contracts/attestation"
TESTS = "tests/contracts/TdxAttestation.*.t.sol"
CHECKS = {
    "Crl.sol": (
        ("TDX: a revocation list of another form", "require(found == FORM"),
        ("TDX: a critical extension in a revocation list", "require(!critical"),
    ),
    "IntelCertificates.sol": (
        ("TDX: another root than Intel's", "require(root == INTEL_ROOT"),
        ("TDX: the platform NITRO", "require(platform == Platform.DEVELOPMENT"),
        ("TDX: a root of one's own on another chain", "require(DevelopmentChains.isOne()"),
        ("TDX: a revocation list of another issuer", "require(issuer == signer.subject"),
        ("TDX: a forged revocation list", "require(P256Signature.isValid(sha256(signed), r, s, signer.x"),
        ("TDX: an authority as a signer of lists", "require(!last.isCa"),
        ("TDX: another signer of lists", "require(last.commonName == LIST_SIGNER"),
        ("TDX: an authority as a machine", "require(!link.last.isCa"),
        ("TDX: a certificate of no machine", "require(extension.length != 0"),
        ("TDX: a chain of another length", "require(chain.length == count"),
        ("TDX: another root certificate", "require(found == ROOT"),
        ("TDX: another issuer", "require(child.issuer == parent.subject"),
        ("TDX: a parent of no authority", "require(parent.isCa"),
        (
            "TDX: a forged certificate",
            "require(\n            P256Signature.isValid(sha256(signed), child.r",
        ),
        ("TDX: a certificate that is not valid yet", "require(block.timestamp >= notBefore"),
        ("TDX: a certificate that has expired", "require(block.timestamp <= notAfter"),
        (
            "TDX: a revoked certificate",
            "require(\n            !isRevoked[certificate.issuer][certificate.serialNumber]",
        ),
        ("TDX: an authority too many", "require(!child.isCa || parent.pathLength != 0"),
        ("TDX: a missing revocation list", "require(nextUpdate > block.timestamp"),
        ("TDX: a revocation list by no authority", "require(link.last.isCa"),
        ("TDX: a revocation list by one who may not sign it", "require(usage & CRL_SIGN != 0"),
        ("TDX: a revocation list of tomorrow", "require(times.thisUpdate <= block.timestamp"),
        ("TDX: a revocation list of yesterday", "require(times.nextUpdate > block.timestamp"),
        ("TDX: an older revocation list", "require(times.thisUpdate > stored"),
    ),
    "IntelLists.sol": (
        ("TDX: a module listed twice", "require(modules[i].version != version"),
        ("TDX: versions that do not descend", "require(count == 0 || svn < levels[count - 1].svn"),
        ("TDX: levels that do not descend", "require(descends"),
        ("TDX: an unknown status", 'require(hash == keccak256("Revoked")'),
        ("TDX: text after a list", "require(rest.length == 0"),
    ),
    "Json.sol": (
        ("TDX: other text", "require(startsWith(input, text)"),
        ("TDX: a bad number", 'require(length != 0 && (length == 1 || digits[0] != "0") && value <= max'),
        ("TDX: a string without an end", "require(length < rest.length"),
        ("TDX: a character that no string has", 'require(character >= " " && character <= "~"'),
        ("TDX: a time of another form", "require(\n            input.length >= TIME_BYTES"),
        ("TDX: a letter in a time", 'require(tens >= "0" && tens <= "9"'),
        ("TDX: a time that no clock shows", "require(value >= min && value <= max"),
        ("TDX: a letter that is no digit", 'require(digit >= "A" && digit <= "F"'),
    ),
    "SgxExtension.sol": (
        ("TDX: another entry of the extension", "require(\n            found.length == length"),
        ("TDX: a value of another length", "require(value.length == length"),
    ),
    "TcbPolicy.sol": (
        ("TDX: another TDX module", "require(\n            signer == module.signer"),
        ("TDX: a TDX module below all levels", "require(found, ITdxCollateral.NoModuleLevel"),
        (
            "TDX: an old TDX module",
            "require(\n            _isGood(level.status, level.advisories), ITdxCollateral.ModuleNotUpToDate",
        ),
        ("TDX: a quoting enclave in debug mode", "require(attributes & DEBUG == 0"),
        ("TDX: another quoting enclave", "require(\n            signer == identity.signer"),
        ("TDX: other attributes of the quoting enclave", "require(\n            attributes & mask =="),
        ("TDX: a quoting enclave below all levels", "require(found, ITdxCollateral.NoQeLevel"),
        (
            "TDX: an old quoting enclave",
            "require(_isGood(level.status, level.advisories), ITdxCollateral.QeNotUpToDate",
        ),
        (
            "TDX: a machine with old firmware",
            "require(\n                    _isGood(level.status, level.advisories),\n"
            "                    ITdxCollateral.MachineNotUpToDate",
        ),
    ),
    "TdxAttestation.sol": (
        ("TDX: a forged report", "require(P256Signature.isValid(sha256(qeReport)"),
        ("TDX: a forged quote", "require(P256Signature.isValid(digest"),
    ),
    "TdxCollateral.sol": (
        ("TDX: an unknown kind of machine", "require(info.header.issuedAt != 0"),
        ("TDX: a list's signature of another length", "require(length == SIGNATURE_BYTES"),
        ("TDX: a forged list", "require(P256Signature.isValid(sha256(json)"),
        ("TDX: a list of tomorrow", "require(header.issuedAt <= block.timestamp"),
        (
            "TDX: a list of yesterday",
            "require(header.issuedAt <= block.timestamp, NotYetIssued(header.issuedAt, block.timestamp));\n"
            "        require(header.validUntil >= block.timestamp",
        ),
        ("TDX: an older list", "require(\n            number > storedNumber"),
        (
            "TDX: a list that has ended",
            "returns (uint256) {\n        require(header.validUntil >= block.timestamp",
        ),
        ("TDX: a list by a revoked signer", "require(!CERTIFICATES.isRevoked(root, serialNumber)"),
    ),
    "TdxQuote.sol": (
        ("TDX: a quote of another length", "require(quote.length == CUT_BYTES"),
        ("TDX: another certification", "require(certification == BY_QE_REPORT"),
        ("TDX: more data of the quoting enclave", "require(dataLength == QE_DATA_BYTES"),
        ("TDX: lengths that contradict each other", "require(\n            length == expected"),
        ("TDX: an attestation key that nobody vouches for", "require(found == expected && half == 0"),
        ("TDX: a domain that is open", "require(\n            attributes & ~ALLOWED == 0"),
        ("TDX: another version of the quote", "require(version == VERSION"),
        ("TDX: another kind of attestation key", "require(keyType == KEY_ON_P256"),
        ("TDX: another kind of enclave", "require(teeType == TDX"),
        ("TDX: another vendor", "require(vendor == INTEL"),
    ),
    "X509P256.sol": (
        ("TDX: a certificate that is too long", "require(certificate.length <= MAX_BYTES"),
        ("TDX: another signature algorithm", "require(found == ECDSA_WITH_SHA256"),
        ("TDX: unused bits in a signature", "require(bits.length != 0 && bits[0] == 0"),
        ("TDX: serial number zero", "require(serialNumber != 0"),
        ("TDX: another version of X.509", "require(version == VERSION_3"),
        ("TDX: another kind of key", "require(found == P256_KEY"),
    ),
}
"""By file: the name of the refusal, and the text that enforces it, which occurs once."""
