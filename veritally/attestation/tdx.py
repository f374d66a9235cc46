"""Intel TDX quotes, version 4: header and body, and the signatures from Intel's root down to the body.

Intel's root vouches for the machine's certificate, that for the quoting enclave's report, the report for an
attestation key, and this key for the quote. Whether the firmware is recent is another question: `tcb`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from eth_utils.crypto import keccak

from veritally.attestation.certificates import INTEL_PROFILE
from veritally.attestation.chains import verify_chain
from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.ecdsa import P256
from veritally.attestation.errors import EncodingRefusedError, QuoteRefusedError
from veritally.attestation.pem import read_pem_chain

INTEL_ROOT = bytes.fromhex("44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3")
"""SHA-256 of the certificate `Intel SGX Root CA`."""

_VERSION = 4
_KEY_TYPE_P256 = 2
_TEE_TDX = 0x81
_INTEL_QE = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
_HEADER_BYTES = 48
_BODY_BYTES = 584
_REGISTER_BYTES = 48
_QE_REPORT_BYTES = 384
_QE_DEBUG = 0x02
_CERTIFICATION_QE_REPORT = 6
_CERTIFICATION_PEM_CHAIN = 5


@dataclass(frozen=True)
class TdxBody:
    """What the machine says about the trust domain."""

    tcb_svn: bytes
    """Versions of the TDX module's parts, 16 bytes."""
    module_measurement: bytes
    module_signer: bytes
    """Zero: Intel's."""
    module_attributes: bytes
    td_attributes: bytes
    """8 bytes; the lowest one says whether somebody may look inside."""
    xfam: bytes
    """Processor features that are on, 8 bytes."""
    mr_td: bytes
    """Measurement of the domain at its start, 48 bytes."""
    mr_config_id: bytes
    mr_owner: bytes
    mr_owner_config: bytes
    rtmrs: tuple[bytes, bytes, bytes, bytes]
    """Registers that the domain extends while it starts, 48 bytes each."""
    report_data: bytes
    """64 bytes of the domain's own choice."""

    @property
    def debug(self) -> bool:
        """Under debug: any of the bits that open the domain to its host."""
        return self.td_attributes[0] != 0

    @property
    def measurement(self) -> bytes:
        """Hash of platform, MRTD, RTMR0 to RTMR3, MRCONFIGID, XFAM and TDATTRIBUTES."""
        code = self.mr_td + b"".join(self.rtmrs) + self.mr_config_id + self.xfam + self.td_attributes
        return bytes(keccak(bytes([Platform.TDX]) + code))


@dataclass(frozen=True)
class TdxQuote:
    """A quote as it is written; nothing of it is verified yet."""

    body: TdxBody
    signed_bytes: bytes
    """Header and body."""
    signature: bytes
    attestation_key: bytes
    """x || y."""
    qe_report: bytes
    qe_report_signature: bytes
    qe_authentication: bytes
    certificates: tuple[bytes, ...]
    """DER, root first; empty when the quote was cut before them."""


def parse(quote: bytes) -> TdxQuote:
    """Reads a quote strictly; zero bytes after its end are padding; it may be cut before its certificates.

    Raises:
        EncodingRefusedError: it is cut elsewhere, its lengths contradict each other, or something follows it.
        QuoteRefusedError: it is no TDX quote of version 4 by Intel's quoting enclave.
    """
    reader = _Reader(quote)
    _check_header(reader.take(_HEADER_BYTES))
    body = _read_body(_Reader(reader.take(_BODY_BYTES)))
    signature_end = reader.number(4) + reader.offset
    signature, attestation_key = reader.take(64), reader.take(64)
    _expect_certification(reader.number(2), _CERTIFICATION_QE_REPORT)
    certification_end = reader.number(4) + reader.offset
    qe_report, qe_report_signature = reader.take(_QE_REPORT_BYTES), reader.take(64)
    qe_authentication = reader.take(reader.number(2))
    certificates: tuple[bytes, ...] = ()
    if not reader.at_end:
        certificates = _read_certificates(reader)
        if not signature_end == certification_end == reader.offset:
            raise EncodingRefusedError("BadQuoteLength", expected=signature_end, found=reader.offset)
        reader.finish_padding()
    return TdxQuote(
        body=body,
        signed_bytes=quote[: _HEADER_BYTES + _BODY_BYTES],
        signature=signature,
        attestation_key=attestation_key,
        qe_report=qe_report,
        qe_report_signature=qe_report_signature,
        qe_authentication=qe_authentication,
        certificates=certificates,
    )


def verify(quote: bytes, root: bytes, at_s: int, certificates: Sequence[bytes] = ()) -> AttestationClaims:
    """Verifies a quote up to the root certificate with SHA-256 `root` at a time in Unix seconds.

    `certificates` are those of a quote that was cut before its own: DER, root first. Claims of a domain under
    debug are returned with `debug` set: who relies on claims refuses those.

    Raises:
        RefusedError: the quote is not accepted.
    """
    parsed = parse(quote)
    encoded_chain = parsed.certificates or tuple(certificates)
    if len(encoded_chain) < 2:
        raise QuoteRefusedError("MissingCertificates", found=len(encoded_chain))
    machine = verify_chain(encoded_chain, root, at_s, INTEL_PROFILE)
    if machine.is_ca:
        raise QuoteRefusedError("SignerIsAuthority")
    _verify_signatures(parsed, machine.public_key)
    _check_module(parsed)
    return AttestationClaims(
        platform=Platform.TDX,
        root=root,
        measurement=parsed.body.measurement,
        user_data=parsed.body.report_data,
        nonce=b"",
        public_key=b"",
        timestamp_s=0,
        not_after_s=machine.not_after_s,
        debug=parsed.body.debug,
    )


def _verify_signatures(quote: TdxQuote, machine_key: bytes) -> None:
    if not P256.verify(quote.qe_report, quote.qe_report_signature, machine_key):
        raise QuoteRefusedError("InvalidQeReportSignature")
    bound = sha256(quote.attestation_key + quote.qe_authentication).digest() + bytes(32)
    if quote.qe_report[-64:] != bound:
        raise QuoteRefusedError("AttestationKeyNotBound", expected=bound, found=quote.qe_report[-64:])
    if not P256.verify(quote.signed_bytes, quote.signature, quote.attestation_key):
        raise QuoteRefusedError("InvalidQuoteSignature")


def _check_module(quote: TdxQuote) -> None:
    """The quoting enclave must not run under debug, and the TDX module must be Intel's."""
    if quote.qe_report[48] & _QE_DEBUG:
        raise QuoteRefusedError("QuotingEnclaveDebug", attributes=quote.qe_report[48:64])
    if any(quote.body.module_signer) or any(quote.body.module_attributes):
        raise QuoteRefusedError("UnknownTdxModule", signer=quote.body.module_signer)


def _check_header(header: bytes) -> None:
    reader = _Reader(header)
    version, key_type, tee = reader.number(2), reader.number(2), reader.number(4)
    if version != _VERSION:
        raise QuoteRefusedError("UnsupportedQuoteVersion", expected=_VERSION, found=version)
    if tee != _TEE_TDX:
        raise QuoteRefusedError("NotTdx", expected=_TEE_TDX, found=tee)
    if key_type != _KEY_TYPE_P256:
        raise QuoteRefusedError("UnsupportedAttestationKey", expected=_KEY_TYPE_P256, found=key_type)
    vendor = header[12:28]
    if vendor != _INTEL_QE:
        raise QuoteRefusedError("UnknownQuotingEnclave", expected=_INTEL_QE, found=vendor)


def _read_body(reader: _Reader) -> TdxBody:
    return TdxBody(
        tcb_svn=reader.take(16),
        module_measurement=reader.take(_REGISTER_BYTES),
        module_signer=reader.take(_REGISTER_BYTES),
        module_attributes=reader.take(8),
        td_attributes=reader.take(8),
        xfam=reader.take(8),
        mr_td=reader.take(_REGISTER_BYTES),
        mr_config_id=reader.take(_REGISTER_BYTES),
        mr_owner=reader.take(_REGISTER_BYTES),
        mr_owner_config=reader.take(_REGISTER_BYTES),
        rtmrs=(
            reader.take(_REGISTER_BYTES),
            reader.take(_REGISTER_BYTES),
            reader.take(_REGISTER_BYTES),
            reader.take(_REGISTER_BYTES),
        ),
        report_data=reader.take(64),
    )


def _read_certificates(reader: _Reader) -> tuple[bytes, ...]:
    _expect_certification(reader.number(2), _CERTIFICATION_PEM_CHAIN)
    leaf_first = read_pem_chain(reader.take(reader.number(4)))
    return leaf_first[::-1]


def _expect_certification(found: int, expected: int) -> None:
    if found != expected:
        raise QuoteRefusedError("UnsupportedCertification", expected=expected, found=found)


class _Reader:
    """Reads little-endian fields from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    @property
    def at_end(self) -> bool:
        return self.offset == len(self._data)

    def take(self, count: int) -> bytes:
        end = self.offset + count
        if end > len(self._data):
            raise EncodingRefusedError("QuoteTruncated", end=end, length=len(self._data))
        taken = self._data[self.offset : end]
        self.offset = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def finish_padding(self) -> None:
        if any(self._data[self.offset :]):
            raise EncodingRefusedError("QuoteTrailingBytes", end=self.offset, length=len(self._data))
