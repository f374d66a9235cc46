"""Intel's collateral for TDX machines: signed lists of firmware versions and of what is revoked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritally.attestation.certificates import INTEL_PROFILE, parse_certificate
from veritally.attestation.errors import CollateralFileError, EncodingRefusedError, RefusedError
from veritally.attestation.pem import read_pem_chain


@dataclass(frozen=True)
class SignedList:
    """JSON as Intel signed it."""

    content: bytes
    """Exactly the bytes that are signed."""
    signature: bytes
    """r || s."""
    chain: tuple[bytes, ...]
    """The root's and the signer's certificate, DER."""


@dataclass(frozen=True)
class Collateral:
    """What Intel says about one kind of machine."""

    root_crl: bytes
    """DER."""
    authority_crl: bytes
    """DER; of the authority that certifies machines."""
    authority_chain: tuple[bytes, ...]
    """The root's and the authority's certificate, DER."""
    tcb_info: SignedList
    qe_identity: SignedList

    @classmethod
    def load(cls, path: Path) -> Collateral:
        """Reads a file as `from_json` does.

        Raises:
            CollateralFileError: it cannot be read, or is not such JSON.
        """
        try:
            collateral = cls.from_json(path.read_text("utf-8"))
            collateral.issuers()
            collateral.kind_of_machine()
        except OSError as error:
            raise CollateralFileError(path, f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise CollateralFileError(path, "is not text") from None
        except RefusedError as error:
            reason = error.values.get("reason", error.name)
            raise CollateralFileError(path, f"is not in this form ({reason})") from None
        return collateral

    def issuers(self) -> tuple[bytes, bytes]:
        """The names in DER of the root and of the authority.

        Raises:
            RefusedError: their certificates cannot be read, or there are not two.
        """
        if len(self.authority_chain) != 2:
            raise EncodingRefusedError(
                "BadCollateral", reason="its authority has no chain of two certificates"
            )
        root, authority = (parse_certificate(one, INTEL_PROFILE).subject for one in self.authority_chain)
        return root, authority

    def kind_of_machine(self) -> tuple[bytes, bytes]:
        """Intel's numbers of the kind and of the provisioning enclave: FMSPC and PCEID.

        Raises:
            EncodingRefusedError: the list names none.
        """
        try:
            content = json.loads(self.tcb_info.content)
            fmspc, pce_id = bytes.fromhex(content["fmspc"]), bytes.fromhex(content["pceId"])
        except (ValueError, KeyError, TypeError) as error:
            raise EncodingRefusedError("BadCollateral", reason=f"{type(error).__name__} {error}") from None
        if (len(fmspc), len(pce_id)) != (6, 2):
            raise EncodingRefusedError("BadCollateral", reason="its list is for no kind of machine")
        return fmspc, pce_id

    @classmethod
    def from_json(cls, text: str) -> Collateral:
        """Reads the JSON that dcap-qvl writes. Verifies nothing.

        Raises:
            EncodingRefusedError: it is not such JSON.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(
                root_crl=bytes.fromhex(fields["root_ca_crl"]),
                authority_crl=bytes.fromhex(fields["pck_crl"]),
                authority_chain=_read_chain(fields["pck_crl_issuer_chain"]),
                tcb_info=_read_list(fields, "tcb_info"),
                qe_identity=_read_list(fields, "qe_identity"),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncodingRefusedError("BadCollateral", reason=f"{type(error).__name__} {error}") from None


def _read_list(fields: dict[str, Any], name: str) -> SignedList:
    return SignedList(
        content=fields[name].encode(),
        signature=bytes.fromhex(fields[f"{name}_signature"]),
        chain=_read_chain(fields[f"{name}_issuer_chain"]),
    )


def _read_chain(text: str) -> tuple[bytes, ...]:
    leaf_first = read_pem_chain(f"{text.strip()}\n".encode())
    return leaf_first[::-1]
