"""The documents that the contract's tests judge, judged here: same verdict, same error name, same claims."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attestation_vectors import FOLDER
from eth_utils.crypto import keccak

from veritally.attestation import nitro
from veritally.attestation.claims import AttestationClaims
from veritally.attestation.errors import RefusedError

INTERFACES = Path(__file__).parents[2] / "contracts" / "interfaces"
ENUMS = ("Field", "Platform")


def error_names() -> dict[str, str]:
    """Names of the contracts' custom errors by selector."""
    names = {}
    for source in INTERFACES.glob("I*.sol"):
        for name, parameters in re.findall(r"error (\w+)\(([^)]*)\);", source.read_text(encoding="utf-8")):
            types = [parameter.split()[0] for parameter in parameters.split(",") if parameter]
            signature = ",".join("uint8" if one in ENUMS else one for one in types)
            names[keccak(text=f"{name}({signature})")[:4].hex()] = name
    return names


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


NAMES = error_names()
FILES = [load("nitro_certificates"), load("nitro_documents")]
REFUSED = [(file, case) for file in FILES for case in file["refused"]]
ACCEPTED = [(file, case) for file in FILES for case in file["accepted"]]


def case_name(value: Any) -> str | None:
    return value.get("name")


def assert_claims(claims: AttestationClaims, expected: dict[str, Any]) -> None:
    assert claims.debug is expected["debug"]
    assert claims.measurement == raw(expected["measurement"])
    assert claims.user_data == raw(expected["userData"])
    assert claims.nonce == raw(expected["nonce"])
    assert claims.public_key == raw(expected["publicKey"])
    assert claims.timestamp_s == expected["timestamp"]
    assert claims.not_after_s == expected["notAfter"]


@pytest.mark.parametrize(("file", "case"), REFUSED, ids=case_name)
def test_refused_by_the_same_name(file: dict[str, Any], case: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as caught:
        nitro.verify(raw(case["document"]), raw(file["root"]), file["timestamp"])
    assert caught.value.name == NAMES[case["reason"][2:10]]


@pytest.mark.parametrize(("file", "case"), ACCEPTED, ids=case_name)
def test_accepted_with_the_same_claims(file: dict[str, Any], case: dict[str, Any]) -> None:
    assert_claims(nitro.verify(raw(case["document"]), raw(file["root"]), file["timestamp"]), case)


@pytest.mark.parametrize("case", load("nitro_real")["accepted"], ids=case_name)
def test_real_documents_have_the_same_claims(case: dict[str, Any]) -> None:
    document = (FOLDER / "nitro" / f"{case['name']}.cose").read_bytes()
    assert_claims(nitro.verify(document, nitro.AWS_ROOT, case["timestamp"]), case)
