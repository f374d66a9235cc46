"""The cases of tests/vectors/attestation/tdx_cases.json, judged by code that is not ours: dcap-qvl.

What the contracts accept, it accepts. What they refuse and it accepts is listed here, with the reason.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dcap_qvl
import pytest
from attestation_vectors import FOLDER
from eth_abi.abi import decode
from eth_utils.crypto import keccak

VECTORS = json.loads((FOLDER / "tdx_cases.json").read_text(encoding="utf-8"))
STARTS = ("nothing", "revocations", "everything")
PEM_TYPE = 5

STRICTER = {
    "the form is exactly Intel's, and everything in it is read": frozenset(
        {
            "serial number zero",
            "a certificate that is too long",
            "a short enclave number",
            "a part of a machine above a byte",
            "entries in another order",
            "an entry too many",
            "a second optional entry alone",
            "a partial list",
            "an entry for no certificate",
            "another type of list",
            "a space",
            "no advisory where one is announced",
            "text after the list",
            "lower-case digits",
            "an escape",
            "a character beyond ASCII",
            "a time with spaces",
            "a module twice",
            "a module of version 0",
            "another version of the enclave's list",
            "a quote that was not cut",
            "another certification",
            "a second half that is not zero",
            "a second level with newer parts",
            "a second level with a newer enclave for certificates",
            "a second level with newer parts of TDX",
            "a second level that is the same",
            "a module's second level that is the same",
            "an enclave's levels that rise",
        }
    ),
    "what is stored already counts, and must be there": frozenset(
        {
            "a revoked machine that a later list leaves out",
            "no revocation list",
            "the same list again",
            "an older list",
            "a list of an authority before the root's",
            "a list below a third certificate",
            "the same list of machines again",
            "a list of machines of an older round",
            "an older list of machines",
            "the same list of the enclave again",
            "a list of the enclave of an older round",
            "an older list of the enclave",
            "no list of the enclave",
            "no list of machines",
        }
    ),
    "lists are signed by nobody but their signer": frozenset(
        {
            "a list by one who may sign certificates only",
            "a list of tomorrow",
            "a list of machines that a machine signed",
            "a list of machines by a signer of something else",
            "a list of the enclave that a machine signed",
            "a list of the enclave by a signer of something else",
            "a signer without a name",
        }
    ),
    "machines are judged by their parts, too, and by their enclave's number": frozenset(
        {
            "an older part",
            "one newer and one older part",
            "another enclave for certificates",
        }
    ),
}
"""What dcap-qvl accepts and the contracts do not, by reason."""


def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


SUBMIT_CRL = selector("submitCrl(bytes,bytes[])")
SUBMIT_TCB = selector("submitTcbInfo(bytes,bytes,bytes[])")
SUBMIT_QE = selector("submitQeIdentity(bytes,bytes,bytes[])")


def to_pem(certificates: Sequence[bytes]) -> str:
    """PEM of a chain, the root last."""
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in reversed(certificates))


@dataclass
class Situation:
    """What the calls say, in the form that dcap-qvl takes."""

    fields: dict[str, Any] = field(default_factory=dict)
    quote: bytes = b""

    def apply(self, data: bytes) -> None:
        if data[:4] == SUBMIT_CRL:
            crl, chain = decode(["bytes", "bytes[]"], data[4:])
            if len(chain) == 1:
                self.fields["root_ca_crl"] = crl.hex()
            else:
                self.fields |= {"pck_crl": crl.hex(), "pck_crl_issuer_chain": to_pem(chain)}
        elif data[:4] in (SUBMIT_TCB, SUBMIT_QE):
            content, signature, chain = decode(["bytes", "bytes", "bytes[]"], data[4:])
            name = "tcb_info" if data[:4] == SUBMIT_TCB else "qe_identity"
            self.fields |= {name: content.decode(), f"{name}_signature": signature.hex()}
            self.fields[f"{name}_issuer_chain"] = to_pem(chain)
        else:
            document, chain = decode(["bytes", "bytes[]"], data[4:])
            pem = to_pem(chain).encode()
            tail = PEM_TYPE.to_bytes(2, "little") + len(pem).to_bytes(4, "little") + pem
            self.quote = document + tail

    def is_accepted(self, at_s: int) -> bool:
        try:
            collateral = dcap_qvl.QuoteCollateralV3.from_json(json.dumps(self.fields))
            report = dcap_qvl.verify_with_root_ca(self.quote, collateral, ROOT, at_s)
        except ValueError:
            return False
        return report.status == "UpToDate" and not report.advisory_ids


def calls_of(numbers: Sequence[int]) -> Iterator[bytes]:
    return (bytes.fromhex(VECTORS["calls"][number]["data"][2:]) for number in numbers)


def baseline() -> Situation:
    """Everything that is stored at the last start, and the first case's quote."""
    situation = Situation()
    for start in STARTS:
        for data in calls_of(VECTORS["starts"][start]):
            situation.apply(data)
    for data in calls_of(VECTORS["cases"][0]["calls"]):
        situation.apply(data)
    return situation


ROOT = decode(["bytes", "bytes[]"], next(calls_of(VECTORS["starts"]["revocations"]))[4:])[1][0]


def verdicts() -> dict[str, tuple[bool, bool]]:
    """For each case whether the contracts accept it, and whether dcap-qvl does."""
    found = {}
    for case in VECTORS["cases"]:
        situation = baseline()
        for data in calls_of(case["calls"]):
            situation.apply(data)
        found[case["name"]] = (case["reason"] == "0x", situation.is_accepted(case["timestamp"]))
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[bool, bool]]:
    return verdicts()


def test_what_the_contracts_accept_is_accepted_elsewhere(found: dict[str, tuple[bool, bool]]) -> None:
    """But for debug mode, which the contracts report and others refuse."""
    ours_alone = {name for name, (ours, theirs) in found.items() if ours and not theirs}
    assert ours_alone == {f"attribute {bit}" for bit in range(8)}


def test_what_the_contracts_alone_refuse_is_listed(found: dict[str, tuple[bool, bool]]) -> None:
    theirs_alone = {name for name, (ours, theirs) in found.items() if theirs and not ours}
    assert theirs_alone == frozenset().union(*STRICTER.values())


def test_both_verdicts_occur_often(found: dict[str, tuple[bool, bool]]) -> None:
    assert sum(ours and theirs for ours, theirs in found.values()) >= 30
    assert sum(not ours and not theirs for ours, theirs in found.values()) >= 150
