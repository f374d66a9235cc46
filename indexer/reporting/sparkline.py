"""A row of numbers as a row of bars."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def sparkline(values: Sequence[float | None]) -> str:
    """One character for each value, from 0 to the largest; a point where there is none."""
    top = max((value for value in values if value is not None), default=0.0)
    return "".join(_NONE if value is None else _bar(value / top if top else 0.0) for value in values)


def _bar(part: float) -> str:
    return _BARS[min(len(_BARS) - 1, int(part * len(_BARS)))]
