from __future__ import annotations

from hashlib import sha256

import pytest
from attestation_vectors import NOW_S, PCRS
from cryptography import x509

from veritally.attestation import nitro
from veritally.attestation.claims import Platform
from veritally.attestation.errors import RefusedError, SoftwareRootRefusedError
from veritally.attestation.software_root import ORGANIZATION, SoftwareRoot

KNOWN_ROOT = "05bfde3b7c20c81b98b7483f8b39d8ceb8015ada21a2b8d8bd4107f1b65fd06f"
"""What development contracts pin."""


def make(root: SoftwareRoot) -> bytes:
    return root.document(PCRS, NOW_S, user_data=b"data", nonce=b"nonce", public_key=b"key")


@pytest.mark.parametrize("root", [SoftwareRoot.of_test_mnemonic(31337), SoftwareRoot.generate(1337)])
def test_documents_are_accepted_below_their_root_alone(root: SoftwareRoot) -> None:
    claims = nitro.verify(make(root), root.fingerprint, NOW_S)

    assert claims.platform is Platform.DEVELOPMENT
    assert (claims.user_data, claims.nonce, claims.public_key) == (b"data", b"nonce", b"key")
    assert claims.timestamp_s == NOW_S
    assert claims.measurement == nitro.measurement(Platform.DEVELOPMENT, PCRS)
    assert claims.measurement != nitro.measurement(Platform.NITRO, PCRS)
    with pytest.raises(RefusedError, match="WrongRoot"):
        nitro.verify(make(root), nitro.AWS_ROOT, NOW_S)


def test_the_test_root_is_the_same_everywhere() -> None:
    first, second = (SoftwareRoot.of_test_mnemonic(chain_id) for chain_id in (31337, 84532))
    assert make(first) == make(second)
    assert first.fingerprint.hex() == KNOWN_ROOT


def test_other_roots_are_never_the_same() -> None:
    roots = [SoftwareRoot.generate(31337) for _ in range(3)]
    assert len({root.fingerprint for root in roots}) == len(roots)
    for root in roots:
        assert root.fingerprint == sha256(root.certificate).digest()


def test_every_certificate_says_what_it_is() -> None:
    for encoded in SoftwareRoot.of_test_mnemonic(31337).chain(NOW_S):
        certificate = x509.load_der_x509_certificate(encoded)
        for name in (certificate.subject, certificate.issuer):
            organization = name.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)[0].value
            assert organization == ORGANIZATION == "DEVELOPMENT ONLY - NOT A TEE"


@pytest.mark.parametrize("chain_id", [1, 8453, 10, 42161])
def test_no_root_exists_for_production_chains(chain_id: int) -> None:
    for make_root in (SoftwareRoot.generate, SoftwareRoot.of_test_mnemonic):
        with pytest.raises(SoftwareRootRefusedError, match="use a development chain"):
            make_root(chain_id)


def test_documents_hold_for_hours_and_share_their_certificates() -> None:
    root = SoftwareRoot.of_test_mnemonic(31337)
    document = make(root)
    nitro.verify(document, root.fingerprint, NOW_S + 2 * 3_600)
    with pytest.raises(RefusedError, match="CertificateExpired"):
        nitro.verify(document, root.fingerprint, NOW_S + 3 * 3_600 + 1)
    assert root.chain(NOW_S) == root.chain(NOW_S + 60)


def test_documents_hold_on_a_chain_whose_clock_is_behind() -> None:
    root = SoftwareRoot.of_test_mnemonic(31337)
    for unit_s in (3_600, 86_400):
        start_s = NOW_S // unit_s * unit_s
        document = root.document(PCRS, start_s, user_data=b"data", nonce=b"nonce", public_key=b"key")
        nitro.verify(document, root.fingerprint, start_s - 60)


def test_keys_are_not_shown() -> None:
    assert repr(SoftwareRoot.of_test_mnemonic(31337)) == "SoftwareRoot()"
