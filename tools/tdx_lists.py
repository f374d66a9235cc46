"""Lists in the form of Intel's, right ones and wrong ones, signed below the certificates of `tdx_pki`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tdx_pki import (
    CA,
    CA_CRL,
    DAY_S,
    NOW_S,
    ROOT,
    ROOT_CRL,
    SIGNER,
    Cert,
    Crl,
    encode,
    sign,
)
from tdx_quote import QE_SIGNER, to_pem


def iso(unix_s: int) -> str:
    """A time as Intel's JSON has it."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
