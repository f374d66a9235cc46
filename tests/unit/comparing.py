"""Whether two answers say the same."""

from __future__ import annotations

from typing import Any

import pytest


def plainly_equal(one: Any, other: Any) -> bool:
    """Equal, floats to 12 digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(plainly_equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(plainly_equal, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other == pytest.approx(one, rel=1e-12, abs=1e-12)
    return bool(one == other and type(one) is type(other))
