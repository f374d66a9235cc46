"""Intel's collateral for TDX machines: signed lists of firmware versions and of what is revoked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from veritally.attestation.errors import EncodingRefusedError
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
