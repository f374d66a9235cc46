"""DEVELOPMENT ONLY - NOT A TEE: a root in software that makes documents in Nitro's format.

They take the way of real ones, through the same verifier pinned to this root. They prove nothing: who runs it
holds every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from eth_utils.crypto import keccak

from veritally.attestation import cbor
from veritally.attestation.cose import signed_bytes, write_sign1
from veritally.attestation.ecdsa import P384
from veritally.attestation.errors import SoftwareRootRefusedError
from veritally.contract_table import DEVELOPMENT_CHAIN_IDS
from veritally.devnet.accounts import TEST_MNEMONIC

ORGANIZATION = "DEVELOPMENT ONLY - NOT A TEE"
"""Organization in the name of each certificate."""

_NAMES = ("development.root", "development.instance", "development.enclave")
_ORDER = 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D
"""Of the group P-384."""
_SIGNING = ec.ECDSA(P384.hash, deterministic_signing=True)
_ROOT_FROM = datetime(2026, 1, 1, tzinfo=UTC)
_ROOT_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
_DAY_S = 86_400
_HOUR_S = 3_600
_INSTANCE_LIFETIME_S = 3 * _DAY_S
_LEAF_LIFETIME_S = 4 * _HOUR_S


@dataclass(frozen=True)
class SoftwareRoot:
    """A chain of three keys: root, instance, enclave. Make it with `generate` or `of_test_mnemonic`."""

    _keys: tuple[ec.EllipticCurvePrivateKey, ...] = field(repr=False)

    @classmethod
    def generate(cls, chain_id: int) -> SoftwareRoot:
        """A root with keys of its own, which die with the process.

        Raises:
            SoftwareRootRefusedError: the chain is none for development.
        """
        _require_development(chain_id)
        return cls(tuple(ec.generate_private_key(P384.curve) for _ in _NAMES))

    @classmethod
    def of_test_mnemonic(cls, chain_id: int) -> SoftwareRoot:
        """The root whose keys everybody knows: the same certificate and documents on each machine.

        Raises:
            SoftwareRootRefusedError: the chain is none for development.
        """
        _require_development(chain_id)
        seeds = (sha512(f"{TEST_MNEMONIC}/{name}".encode()).digest() for name in _NAMES)
        return cls(tuple(ec.derive_private_key(int.from_bytes(s) % _ORDER, P384.curve) for s in seeds))

    @property
    def certificate(self) -> bytes:
        """DER of the root's certificate."""
        return self._issue(0, 0, _ROOT_FROM, _ROOT_UNTIL)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the root's certificate: what a verifier pins."""
        return sha256(self.certificate).digest()

    def chain(self, at_s: int) -> tuple[bytes, bytes, bytes]:
        """DER of root, instance and enclave certificate; the same within one day and within one hour.

        Both hold from the unit before: the clock of a chain is behind by a block or more.
        """
        day, hour = (datetime.fromtimestamp((at_s // unit - 1) * unit, UTC) for unit in (_DAY_S, _HOUR_S))
        instance = self._issue(1, 0, day, day + timedelta(seconds=_INSTANCE_LIFETIME_S))
        leaf = self._issue(2, 1, hour, hour + timedelta(seconds=_LEAF_LIFETIME_S))
        return self.certificate, instance, leaf

    def document(
        self,
        pcrs: Mapping[int, bytes],
        at_s: int,
        *,
        user_data: bytes | None = None,
        nonce: bytes | None = None,
        public_key: bytes | None = None,
    ) -> bytes:
        """A document in Nitro's format, made at a time in Unix seconds."""
        root, instance, leaf = map(cbor.encode_bytes, self.chain(at_s))
        fields = {
            "module_id": cbor.encode_text("i-development-enc0"),
            "digest": cbor.encode_text("SHA384"),
            "timestamp": cbor.encode_head(cbor.UNSIGNED, at_s * 1000),
            "pcrs": _encode_pcrs(pcrs),
            "certificate": leaf,
            "cabundle": cbor.encode_head(cbor.ARRAY, 2) + root + instance,
            "public_key": cbor.encode_bytes(public_key),
            "user_data": cbor.encode_bytes(user_data),
            "nonce": cbor.encode_bytes(nonce),
        }
        entries = b"".join(cbor.encode_text(name) + value for name, value in fields.items())
        return self.seal(cbor.encode_head(cbor.MAP, len(fields)) + entries)

    def seal(self, payload: bytes) -> bytes:
        """The COSE_Sign1 over any payload, signed by the enclave's key."""
        signature = self._keys[2].sign(signed_bytes(payload), _SIGNING)
        r, s = (number.to_bytes(P384.number_bytes) for number in decode_dss_signature(signature))
        return write_sign1(payload, r + s)

    def _issue(self, subject: int, issuer: int, start: datetime, end: datetime) -> bytes:
        is_ca = subject < len(_NAMES) - 1
        builder = x509.CertificateBuilder(
            subject_name=_name(subject),
            issuer_name=_name(issuer),
            public_key=self._keys[subject].public_key(),
            serial_number=int.from_bytes(keccak(text=f"{subject}/{start.isoformat()}")[:15]) + 1,
            not_valid_before=start,
            not_valid_after=end,
        )
        builder = builder.add_extension(x509.BasicConstraints(is_ca, 1 - subject if is_ca else None), True)
        certificate = builder.add_extension(_key_usage(is_ca), True).sign(
            self._keys[issuer], SHA384(), ecdsa_deterministic=True
        )
        return certificate.public_bytes(Encoding.DER)


def _require_development(chain_id: int) -> None:
    if chain_id not in DEVELOPMENT_CHAIN_IDS:
        raise SoftwareRootRefusedError(chain_id)


def _encode_pcrs(pcrs: Mapping[int, bytes]) -> bytes:
    entries = (
        cbor.encode_head(cbor.UNSIGNED, index) + cbor.encode_bytes(pcrs[index]) for index in sorted(pcrs)
    )
    return cbor.encode_head(cbor.MAP, len(pcrs)) + b"".join(entries)


def _name(level: int) -> x509.Name:
    attributes = {
        NameOID.COUNTRY_NAME: "ZZ",
        NameOID.ORGANIZATION_NAME: ORGANIZATION,
        NameOID.COMMON_NAME: _NAMES[level],
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])


def _key_usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
