"""Writes tests/vectors/attestation/nitro_*.json: documents of a software root with the contract's answer to
each, and hints and claims for the real documents in the same folder.

With --check it writes nothing, and fails when a file is not what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256, sha384
from itertools import pairwise
from pathlib import Path
from typing import cast

import nitro_cases_extensions
import nitro_cases_fields
import nitro_cases_payload
import nitro_cases_signatures
import nitro_cases_wrapping
from eth_utils.crypto import keccak
from generated_files import write_or_check
from nitro_case import Case
from nitro_chain import CHAIN, NOW_S, PROTECTED_HEADER, Made, encode
from nitro_encoding import GENERALIZED_TIME, byte_string, read_element, read_item, text

from veritally.attestation.p384 import make_hint

ROOT_FOLDER = Path(__file__).resolve().parent.parent
FOLDER = ROOT_FOLDER / "tests" / "vectors" / "attestation"
NITRO, DEVELOPMENT = 1, 3
"""Numbers of the platforms."""
POINT_BYTES = 96


def claims(payload: bytes, chain: Iterable[bytes], platform: int) -> dict[str, object]:
    """What the contract returns for a payload and its certificates."""
    values = cast(Mapping[str, object], read_item(payload)[0])
    pcrs = cast(Mapping[int, bytes], values["pcrs"])
    signer = pcrs.get(8, b"")
    code = b"".join(pcrs[index] for index in range(3)) + (signer if any(signer) else b"")
    return {
        "debug": any(not any(pcrs[index]) for index in range(3)),
        "measurement": to_hex(keccak(bytes([platform]) + code)),
        "nonce": to_hex(cast(bytes, values.get("nonce") or b"")),
        "notAfter": min(not_after_s(certificate) for certificate in chain),
        "publicKey": to_hex(cast(bytes, values.get("public_key") or b"")),
        "timestamp": cast(int, values["timestamp"]) // 1_000,
        "userData": to_hex(cast(bytes, values.get("user_data") or b"")),
    }


def to_hex(data: bytes) -> str:
    """As Foundry reads bytes."""
    return f"0x{data.hex()}"


def signed_fields(certificate: bytes) -> list[bytes]:
    """The elements of the signed part of a good certificate."""
    rest = read_element(read_element(read_element(certificate)[1])[0])[1]
    elements = []
    while rest:
        element, _, rest = read_element(rest)
        elements.append(element)
    return elements


def not_after_s(certificate: bytes) -> int:
    """When a good certificate expires, in Unix seconds."""
    times = read_element(signed_fields(certificate)[4])[1]
    element, content, _ = read_element(read_element(times)[2])
    form = "%Y%m%d%H%M%SZ" if element[0] == GENERALIZED_TIME else "%y%m%d%H%M%SZ"
    return int(datetime.strptime(content.decode(), form).replace(tzinfo=UTC).timestamp())


def public_key(certificate: bytes) -> bytes:
    """x and y of a good certificate's key."""
    return signed_fields(certificate)[6][-POINT_BYTES:]


def signature_numbers(certificate: bytes) -> tuple[int, int]:
    """r and s of a good certificate."""
    _, _, rest = read_element(read_element(certificate)[1])
    numbers = read_element(read_element(read_element(rest)[2])[1][1:])[1]
    _, r, rest = read_element(numbers)
    return int.from_bytes(r, "big"), int.from_bytes(read_element(rest)[1], "big")


def describe_real(name: str, document: bytes) -> dict[str, object]:
    """Hints and claims of a real document."""
    parts = cast(list[bytes], read_item(document)[0])
    values = cast(Mapping[str, object], read_item(parts[2])[0])
    chain = [*cast(list[bytes], values["cabundle"]), cast(bytes, values["certificate"])]
    hints = [
        make_hint(
            sha384(read_element(read_element(child)[1])[0]).digest(),
            *signature_numbers(child),
            public_key(parent),
        )
        for parent, child in pairwise(chain)
    ]
    message = (
        b"\x84"
        + text("Signature1")
        + byte_string(PROTECTED_HEADER)
        + byte_string(b"")
        + byte_string(parts[2])
    )
    r, s = (int.from_bytes(half, "big") for half in (parts[3][:48], parts[3][48:]))
    hints.append(make_hint(sha384(message).digest(), r, s, public_key(chain[-1])))
    return {
        "name": name,
        "document": "0x",
        "hints": [to_hex(hint) for hint in hints],
        **claims(parts[2], chain, NITRO),
    }


def describe_refused(case: Case, made: Made) -> dict[str, object]:
    """A document that is refused, with the revert data."""
    return {**_describe(case, made), "reason": to_hex(case.reason(made))}


def describe_accepted(case: Case, made: Made) -> dict[str, object]:
    """A document that is accepted, with its claims."""
    return {**_describe(case, made), **claims(made.payload, made.chain, DEVELOPMENT)}


def _describe(case: Case, made: Made) -> dict[str, object]:
    return {
        "document": to_hex(made.document),
        "hints": [to_hex(hint) for hint in made.hints],
        "name": case.name,
    }


def render() -> dict[Path, str]:
    """All files and their content."""
    lists = {
        "certificates": (
            *nitro_cases_fields.cases(),
            *nitro_cases_extensions.cases(),
            *nitro_cases_signatures.cases(),
        ),
        "documents": (*nitro_cases_wrapping.cases(), *nitro_cases_payload.cases()),
    }
    chain = [encode(certificate)[0] for certificate in CHAIN]
    head: dict[str, object] = {
        "chain": [to_hex(certificate) for certificate in chain],
        "root": to_hex(sha256(chain[0]).digest()),
        "timestamp": NOW_S,
    }
    files: dict[Path, str] = {}
    for subject, cases in lists.items():
        made = [(case, case.document.make()) for case in cases]
        content = head | {
            "accepted": [describe_accepted(*pair) for pair in made if pair[0].error is None],
            "refused": [describe_refused(*pair) for pair in made if pair[0].error is not None],
        }
        files[FOLDER / f"nitro_{subject}.json"] = _text(content)
    real = [describe_real(path.stem, path.read_bytes()) for path in sorted(FOLDER.glob("nitro/*.cose"))]
    files[FOLDER / "nitro_real.json"] = _text({"accepted": real})
    return files


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Writes or checks all files; the exit code is 1 when the check fails."""
    return write_or_check(render())


if __name__ == "__main__":
    raise SystemExit(main())
