"""Lets OpenGradient's SDK judge responses: a JSON list comes in, one verdict for each goes out.

It runs in .venv-opengradient, where that SDK is, and imports nothing of this project.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from opengradient.client.tee_verify import (
    VerificationError,
    canonical_request_bytes,
    response_content_for_hash,
    verify_response,
)


def judge(case: dict[str, Any]) -> dict[str, Any]:
    """What the SDK says of one response: the hashes that it found, or the kind of its error."""
    content = response_content_for_hash(case["response"])
    try:
        proof = verify_response(
            canonical_request=case["request"],
            response_body=case["response"],
            response_content=content,
            signing_key_pem=case["key"],
        )
    except (VerificationError, ValueError, OverflowError) as error:
        return {"accepted": False, "error": f"{type(error).__name__}: {error}"}
    return {
        "accepted": True,
        "request_bytes": canonical_request_bytes(case["request"]).hex(),
        "content": content,
        "tee_id": proof.tee_id.removeprefix("0x"),
        "request_hash": proof.request_hash,
        "output_hash": proof.output_hash,
        "timestamp": proof.timestamp,
    }


def main() -> None:
    """Judges all cases."""
    json.dump([judge(case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
