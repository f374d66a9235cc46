"""X.509 certificates of the platforms, and their chain from a pinned root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from veritally.attestation import der
from veritally.attestation.ecdsa import EcdsaScheme
from veritally.attestation.errors import CertificateRefusedError, EncodingRefusedError

_VERSION_3 = bytes.fromhex("020102")
_BASIC_CONSTRAINTS = bytes.fromhex("551d13")
_KEY_USAGE = bytes.fromhex("551d0f")
_DIGITAL_SIGNATURE = 0x80
_SIGN_CERTIFICATES = 0x04
_LONGEST_SERIAL_BYTES = 20
_UNCOMPRESSED = 4


@dataclass(frozen=True)
class Certificate:
    """What of a certificate is verified."""

    signed_part: bytes
    """The DER that its issuer signed."""
    serial: int
    issuer: bytes
    """DER of the name."""
    subject: bytes
    """DER of the name."""
    not_before_s: int
    """Unix seconds, inclusive."""
    not_after_s: int
    """Unix seconds, inclusive."""
    public_key: bytes
    """x || y."""
    is_ca: bool
    path_length: int | None
    """How many CA certificates may follow; None: no limit."""
    signature: bytes
    """r || s."""

    @property
    def identity(self) -> bytes:
        """keccak256 of the signed part: the signature, which has twins, does not count."""
        return bytes(keccak(self.signed_part))


def parse_certificate(encoded: bytes, scheme: EcdsaScheme) -> Certificate:
    """Reads a DER certificate; its key and signature must be of the scheme.

    Raises:
        EncodingRefusedError: it is not strict DER.
        CertificateRefusedError: it is not an X.509 v3 certificate of the kind that the platforms issue.
    """
    outer = der.read_single(encoded, der.SEQUENCE).inside
    signed = outer.take(der.SEQUENCE)
    _read_algorithm(outer.take(der.SEQUENCE), scheme)
    signature = _read_signature(_bits(outer.take(der.BIT_STRING)), scheme)
    outer.finish()
    body = signed.inside
    if body.take(der.VERSION).content != _VERSION_3:
        raise CertificateRefusedError("UnsupportedVersion")
    serial = der.read_unsigned(body.take(der.INTEGER), _LONGEST_SERIAL_BYTES)
    _read_algorithm(body.take(der.SEQUENCE), scheme)
    issuer = body.take(der.SEQUENCE).encoded
    not_before_s, not_after_s = _read_validity(body.take(der.SEQUENCE))
    subject = body.take(der.SEQUENCE).encoded
    public_key = _read_public_key(body.take(der.SEQUENCE), scheme)
    is_ca, path_length = _read_extensions(der.read_single(body.take(der.EXTENSIONS).content, der.SEQUENCE))
    body.finish()
    return Certificate(
        signed_part=signed.encoded,
        serial=serial,
        issuer=issuer,
        subject=subject,
        not_before_s=not_before_s,
        not_after_s=not_after_s,
        public_key=public_key,
        is_ca=is_ca,
        path_length=path_length,
        signature=signature,
    )


def verify_chain(chain: Sequence[Certificate], root: bytes, at_s: int, scheme: EcdsaScheme) -> None:
    """Checks a chain of at least two certificates, root first, leaf last.

    Raises:
        CertificateRefusedError: another root than the one with identity `root`, or a link that does not hold.
    """
    if chain[0].identity != root:
        raise CertificateRefusedError("WrongRoot", expected=root, found=chain[0].identity)
    _check_use(chain[0], at_s, is_leaf=False)
    allowed = chain[0].path_length
    for parent, child in zip(chain, chain[1:], strict=False):
        is_leaf = child is chain[-1]
        if child.issuer != parent.subject:
            raise CertificateRefusedError("IssuerMismatch", expected=parent.subject, found=child.issuer)
        _check_use(child, at_s, is_leaf=is_leaf)
        if not is_leaf:
            allowed = _allowed_below(allowed, child.path_length)
        if not scheme.verify(child.signed_part, child.signature, parent.public_key):
            raise CertificateRefusedError("InvalidCertificateSignature", serial=child.serial)


def _check_use(certificate: Certificate, at_s: int, *, is_leaf: bool) -> None:
    if not certificate.not_before_s <= at_s <= certificate.not_after_s:
        raise CertificateRefusedError(
            "CertificateNotValid",
            not_before=certificate.not_before_s,
            not_after=certificate.not_after_s,
            at=at_s,
        )
    if certificate.is_ca == is_leaf:
        raise CertificateRefusedError("WrongCertificateRole", is_ca=certificate.is_ca)


def _allowed_below(allowed: int | None, path_length: int | None) -> int | None:
    """How many CA certificates may follow one of which `allowed` may stand there."""
    if allowed is None:
        return path_length
    if allowed == 0:
        raise CertificateRefusedError("PathTooLong")
    return allowed - 1 if path_length is None else min(allowed - 1, path_length)


def _read_algorithm(element: der.Element, scheme: EcdsaScheme) -> None:
    if element.content != scheme.algorithm:
        raise CertificateRefusedError("UnsupportedAlgorithm", found=element.content)


def _bits(element: der.Element) -> bytes:
    """Content of a BIT STRING that is made of whole bytes."""
    if element.content[:1] != b"\0":
        raise EncodingRefusedError("DerBadBitString", found=element.content[:1])
    return element.content[1:]


def _read_signature(encoded: bytes, scheme: EcdsaScheme) -> bytes:
    numbers = der.read_single(encoded, der.SEQUENCE).inside
    size = scheme.coordinate_bytes
    r, s = (der.read_unsigned(numbers.take(der.INTEGER), size) for _ in range(2))
    numbers.finish()
    return r.to_bytes(size) + s.to_bytes(size)


def _read_validity(element: der.Element) -> tuple[int, int]:
    reader = element.inside
    times = [der.read_time_s(reader.take(_time_tag(reader))) for _ in range(2)]
    reader.finish()
    return times[0], times[1]


def _time_tag(reader: der.DerReader) -> int:
    return der.GENERALIZED_TIME if reader.next_tag == der.GENERALIZED_TIME else der.UTC_TIME


def _read_public_key(element: der.Element, scheme: EcdsaScheme) -> bytes:
    reader = element.inside
    algorithm = reader.take(der.SEQUENCE).content
    if algorithm != scheme.key_algorithm:
        raise CertificateRefusedError("UnsupportedKey", found=algorithm)
    point = _bits(reader.take(der.BIT_STRING))
    reader.finish()
    if len(point) != 2 * scheme.coordinate_bytes + 1 or point[0] != _UNCOMPRESSED:
        raise CertificateRefusedError("UnsupportedKey", found=point)
    return point[1:]


def _read_extensions(extensions: der.Element) -> tuple[bool, int | None]:
    """Whether it is a CA, and how many CA certificates may follow. All other critical extensions are refused."""
    reader = extensions.inside
    found: dict[bytes, bytes] = {}
    while reader.next_tag is not None:
        name, critical, value = _read_extension(reader.take(der.SEQUENCE).inside)
        if name in found:
            raise CertificateRefusedError("DuplicateExtension", name=name)
        if critical and name not in (_BASIC_CONSTRAINTS, _KEY_USAGE):
            raise CertificateRefusedError("UnknownCriticalExtension", name=name)
        found[name] = value
    for name in (_BASIC_CONSTRAINTS, _KEY_USAGE):
        if name not in found:
            raise CertificateRefusedError("MissingExtension", name=name)
    is_ca, path_length = _read_basic_constraints(found[_BASIC_CONSTRAINTS])
    _check_key_usage(found[_KEY_USAGE], is_ca)
    return is_ca, path_length


def _read_extension(reader: der.DerReader) -> tuple[bytes, bool, bytes]:
    name = reader.take(der.OBJECT_ID).content
    critical = reader.next_tag == der.BOOLEAN
    if critical:
        der.read_true(reader.take(der.BOOLEAN))
    value = reader.take(der.OCTET_STRING).content
    reader.finish()
    return name, critical, value


def _read_basic_constraints(value: bytes) -> tuple[bool, int | None]:
    reader = der.read_single(value, der.SEQUENCE).inside
    is_ca = reader.next_tag == der.BOOLEAN
    if is_ca:
        der.read_true(reader.take(der.BOOLEAN))
    path_length = None
    if is_ca and reader.next_tag is not None:
        path_length = der.read_unsigned(reader.take(der.INTEGER), 1)
    reader.finish()
    return is_ca, path_length


def _check_key_usage(value: bytes, is_ca: bool) -> None:
    content = der.read_single(value, der.BIT_STRING).content
    needed = _SIGN_CERTIFICATES if is_ca else _DIGITAL_SIGNATURE
    if len(content) != 2 or content[0] > 7 or not content[1] & needed:
        raise CertificateRefusedError("WrongKeyUsage", found=content)
