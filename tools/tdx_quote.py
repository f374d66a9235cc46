"""Quotes and collateral in the form of Intel's, right ones and wrong ones, for the certificates of `tdx_pki`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from tdx_pki import CA, CA_CRL, DAY_S, LEAF, NOW_S, ROOT, ROOT_CRL, SIGNER, Cert, Crl, encode, public_bytes, sign

ATTESTATION_LABEL = "attestation key"
QE_SIGNER = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")
INTEL_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
TDX_SVN = (5, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def iso(unix_s: int) -> str:
    """A time as Intel's JSON has it."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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


def level(svn: object, status: str = "UpToDate", advisories: tuple[str, ...] = ()) -> dict[str, Any]:
    """A level of Intel's lists."""
    row = {"tcb": svn, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": status}
    return row | ({"advisoryIDs": list(advisories)} if advisories else {})


def platform_level(
    sgx: tuple[int, ...], pce_svn: int, tdx: tuple[int, ...], status: str = "UpToDate", *advisories: str
) -> dict[str, Any]:
    """A level of a machine; the first parts get the names that Intel gives them."""
    names = [{"category": "BIOS", "type": "Early Microcode Update"}, {"category": "OS/VMM"}]
    named = [*names, *({} for _ in range(14))]
    return level(
        {
            "sgxtcbcomponents": [{"svn": svn} | more for svn, more in zip(sgx, named, strict=True)],
            "pcesvn": pce_svn,
            "tdxtcbcomponents": [{"svn": svn} | more for svn, more in zip(tdx, named, strict=True)],
        },
        status,
        advisories,
    )


SGX_LEVEL = (2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0)
TDX_LEVEL = (5, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
ZERO_SIGNER, ZERO_ATTRIBUTES, FULL_MASK = "00" * 48, "00" * 8, "FF" * 8
MODULE = {"mrsigner": ZERO_SIGNER, "attributes": ZERO_ATTRIBUTES, "attributesMask": FULL_MASK}
TCB_INFO: dict[str, Any] = {
    "id": "TDX",
    "version": 3,
    "issueDate": iso(NOW_S - DAY_S),
    "nextUpdate": iso(NOW_S + 29 * DAY_S),
    "fmspc": "50806F000000",
    "pceId": "0000",
    "tcbType": 0,
    "tcbEvaluationDataNumber": 17,
    "tdxModule": MODULE,
    "tdxModuleIdentities": [
        {"id": "TDX_03", **MODULE, "tcbLevels": [level({"isvsvn": 3})]},
        {
            "id": "TDX_01",
            **MODULE,
            "tcbLevels": [level({"isvsvn": 4}), level({"isvsvn": 2}, "OutOfDate", ("INTEL-SA-01036",))],
        },
    ],
    "tcbLevels": [
        platform_level(SGX_LEVEL, 11, TDX_LEVEL),
        platform_level(SGX_LEVEL, 5, TDX_LEVEL, "OutOfDate", "INTEL-SA-00106", "INTEL-SA-00115"),
    ],
}
QE_IDENTITY: dict[str, Any] = {
    "id": "TD_QE",
    "version": 2,
    "issueDate": iso(NOW_S - DAY_S),
    "nextUpdate": iso(NOW_S + 28 * DAY_S),
    "tcbEvaluationDataNumber": 17,
    "miscselect": "00000000",
    "miscselectMask": "FFFFFFFF",
    "attributes": "11000000000000000000000000000000",
    "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
    "mrsigner": QE_SIGNER.hex().upper(),
    "isvprodid": 2,
    "tcbLevels": [level({"isvsvn": 4}), level({"isvsvn": 3}, "OutOfDate", ("INTEL-SA-00615",))],
}


@dataclass(frozen=True)
class Signed:
    """A list of Intel's with its signature."""

    content: Mapping[str, Any]
    changes: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    """Replaces the whole JSON."""
    chain: tuple[Cert, ...] = (ROOT, SIGNER)
    label: str | None = None
    """Whose key signs; the last certificate's when none is named."""

    def json(self) -> bytes:
        """The exact bytes that are signed."""
        if self.text is not None:
            return self.text.encode()
        return json.dumps({**self.content, **self.changes}, separators=(",", ":")).encode()

    def signature(self) -> bytes:
        """r and s."""
        return sign(self.label or self.chain[-1].label, self.json())

    def certificates(self) -> list[bytes]:
        """The chain in DER, root first."""
        return [encode(certificate) for certificate in self.chain]


def collateral_json(
    tcb: Signed, identity: Signed, root_crl: Crl = ROOT_CRL, ca_crl: Crl = CA_CRL, authority: Cert = CA
) -> str:
    """Everything in the form that dcap-qvl reads."""
    chain_pem = b"".join(to_pem(der) for der in reversed(tcb.certificates())).decode()
    identity_pem = b"".join(to_pem(der) for der in reversed(identity.certificates())).decode()
    return json.dumps(
        {
            "pck_crl_issuer_chain": (to_pem(encode(authority)) + to_pem(encode(ROOT))).decode(),
            "root_ca_crl": root_crl.encode().hex(),
            "pck_crl": ca_crl.encode().hex(),
            "tcb_info_issuer_chain": chain_pem,
            "tcb_info": tcb.json().decode(),
            "tcb_info_signature": tcb.signature().hex(),
            "qe_identity_issuer_chain": identity_pem,
            "qe_identity": identity.json().decode(),
            "qe_identity_signature": identity.signature().hex(),
        }
    )
