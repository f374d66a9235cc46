"""Amounts as three 64-bit integers: `e20 * 10^20 + e10 * 10^10 + e0`, the last two below 10^10.

SQLite has no exact integer above 64 bits, and both databases must add up in SQL. Sums of each of the three
columns are exact for 900 million rows of the largest amounts. Carries are plain integer arithmetic, and the
form has room for numbers above 2^128. Being decimal, it is read off without arithmetic.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.wire import Octets

LIMB = 10**10
"""Each column's unit is this many of the next one's."""

Limbs: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""The columns e20, e10 and e0."""

_MOST_DECIMALS = 36
_WORD = 2**64
_WORD_E10, _WORD_E0 = divmod(_WORD, LIMB)


def split(amount_base_units: int) -> tuple[int, int, int]:
    """The three integers of an amount; of a negative one, only the first is negative."""
    rest, e0 = divmod(amount_base_units, LIMB)
    return *divmod(rest, LIMB), e0


def join(e20: int, e10: int, e0: int) -> int:
    """The amount; the integers may be sums."""
    return (int(e20) * LIMB + int(e10)) * LIMB + int(e0)


def whole_tokens(amount_base_units: int, decimals: int | None) -> str | None:
    """The amount in whole tokens, exact; None without usable decimals."""
    if decimals is None or decimals > _MOST_DECIMALS:
        return None
    digits = str(amount_base_units).rjust(decimals + 1, "0")
    whole = len(digits) - decimals
    return f"{digits[:whole]}.{digits[whole:]}" if decimals else digits


def split_uint96(octets: Octets) -> Limbs:
    """The columns of amounts of 12 bytes each."""
    high = np.ascontiguousarray(octets[:, :4]).view(">u4").ravel().astype(np.uint64)
    low = np.ascontiguousarray(octets[:, 4:]).view(">u8").ravel().astype(np.uint64)
    limb = np.uint64(LIMB)
    carry, e0 = np.divmod(low % limb + high * np.uint64(_WORD_E0), limb)
    e20, e10 = np.divmod(low // limb + high * np.uint64(_WORD_E10) + carry, limb)
    return e20.astype(np.int64), e10.astype(np.int64), e0.astype(np.int64)


def split_all(amounts_base_units: list[int]) -> Limbs:
    """The columns of amounts up to 128 bits."""
    columns = np.array([split(amount) for amount in amounts_base_units], np.int64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]
