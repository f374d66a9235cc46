"""Quotes in the form of Intel's, right ones and wrong ones, below the certificates of `tdx_pki`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from tdx_pki import (
    CA,
    LEAF,
    ROOT,
    Cert,
    encode,
    public_bytes,
    sign,
)

ATTESTATION_LABEL = "attestation key"
QE_SIGNER = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")
INTEL_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
TDX_SVN = (5, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Quote:
    """A quote, each part as the bytes that it gets."""

    version: int = 4
    key_type: int = 2
    tee: int = 0x81
    vendor: bytes = INTEL_VENDOR
    tcb_svn: bytes = bytes(TDX_SVN)
    module_signer: bytes = bytes(48)
    module_attributes: bytes = bytes(8)
    td_attributes: bytes = bytes.fromhex("0000001000000000")
    xfam: bytes = bytes.fromhex("e702060000000000")
    report_data: bytes = b"\x5a" * 64
    qe_misc: bytes = bytes(4)
    qe_attributes: bytes = bytes.fromhex("1500000000000000e700000000000000")
    qe_signer: bytes = QE_SIGNER
    qe_product: int = 2
    qe_svn: int = 4
    qe_report_data: bytes | None = None
    """The hash of the attestation key when there is none."""
    qe_auth: bytes = bytes(range(32))
    certification_type: int = 6
    pem_type: int = 5
    chain: tuple[Cert, ...] = (ROOT, CA, LEAF)
    machine_label: str | None = None
    """Whose key signs the quoting enclave's report; the last certificate's when none is named."""
    quote_label: str = ATTESTATION_LABEL
    """Whose key signs header and body."""

    def signed(self) -> bytes:
        """Header and body."""
        header = b"".join(
            (
                self.version.to_bytes(2, "little"),
                self.key_type.to_bytes(2, "little"),
                self.tee.to_bytes(4, "little"),
                bytes(4),
                self.vendor,
                bytes(20),
            )
        )
        registers = b"".join(bytes([0x20 + index]) * 48 for index in range(8))
        mr_td, mr_config, mr_owner, mr_owner_config = (registers[48 * i : 48 * i + 48] for i in range(4))
        body = b"".join(
            (
                self.tcb_svn,
                b"\x33" * 48,
                self.module_signer,
                self.module_attributes,
                self.td_attributes,
                self.xfam,
                mr_td + mr_config + mr_owner + mr_owner_config + registers[192:],
                self.report_data,
            )
        )
        return header + body

    def qe_report(self) -> bytes:
        """The quoting enclave's report."""
        bound = sha256(public_bytes(ATTESTATION_LABEL) + self.qe_auth).digest() + bytes(32)
        return b"".join(
            (
                b"\x44" * 16,
                self.qe_misc,
                bytes(28),
                self.qe_attributes,
                b"\x55" * 32,
                bytes(32),
                self.qe_signer,
                bytes(96),
                self.qe_product.to_bytes(2, "little"),
                self.qe_svn.to_bytes(2, "little"),
                bytes(60),
                bound if self.qe_report_data is None else self.qe_report_data,
            )
        )

    def cut(self) -> bytes:
        """The quote up to its certificates, with the lengths of the whole one."""
        report = self.qe_report()
        inner = b"".join(
            (
                report,
                sign(self.machine_label or self.chain[-1].label, report),
                len(self.qe_auth).to_bytes(2, "little"),
                self.qe_auth,
            )
        )
        size = len(inner) + 6 + len(self.pem())
        signed = self.signed()
        return b"".join(
            (
                signed,
                (134 + size).to_bytes(4, "little"),
                sign(self.quote_label, signed),
                public_bytes(ATTESTATION_LABEL),
                self.certification_type.to_bytes(2, "little"),
                size.to_bytes(4, "little"),
                inner,
            )
        )

    def whole(self) -> bytes:
        """The quote with its certificates."""
        pem = self.pem()
        return self.cut() + self.pem_type.to_bytes(2, "little") + len(pem).to_bytes(4, "little") + pem

    def pem(self) -> bytes:
        """The certificates as the quote has them: the machine's first."""
        return b"".join(to_pem(encode(certificate)) for certificate in reversed(self.chain))


def to_pem(der: bytes) -> bytes:
    """A certificate in PEM."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", "")).encode()
