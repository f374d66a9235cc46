"""Replies to requests that are not taken."""

from __future__ import annotations

import json

from prover.door.replies import refusal
from prover.errors import RequestRefusedError


def test_a_refusal_may_repeat_half_a_character() -> None:
    reply = refusal(RequestRefusedError(422, "unusable_input", "\ud800 cannot be metered here"))
    assert reply.status_code == 422
    assert json.loads(reply.body)["error"]["message"] == "? cannot be metered here"
