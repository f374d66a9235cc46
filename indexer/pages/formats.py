"""How numbers, times and names are written on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from indexer.analytics.answer import Cell, Kind
from indexer.analytics.weeks import Window, monday_of
from veritally.tiers import Tier

NONE = "\N{EN DASH}"
"""Stands where there is no value."""
TIMES = "\N{MULTIPLICATION SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
POINTS = f"{NBSP}points"
MINUS = "\N{MINUS SIGN}"
_UNITS_S = ((86_400, "days"), (3_600, "h"), (60, "min"))
_MOST_DECIMALS = 255
NO_WIDTH = 1e-9
"""Narrower intervals are rounding errors."""
TIER_NAMES: dict[int, str] = {Tier.SIGNED: "Signed", Tier.TEE: "TEE", Tier.ZKML: "zkML"}


def percent(share: float | None) -> str:
    """`31.2 %`."""
    return NONE if share is None else f"{_signed(100 * share, 1)}{NBSP}%"


def points(difference: float | None) -> str:
    """A difference of shares: `+2.4 points`."""
    if difference is None:
        return NONE
    shown = _signed(100 * difference, 1)
    return f"{'+' if difference > 0 and shown.strip('0.') else ''}{shown}{POINTS}"


def interval(low: float | None, high: float | None) -> str:
    """`28.1 to 34.3 %`; empty when there is none, as with payers who are all alike."""
    if low is None or high is None or high - low < NO_WIDTH:
        return ""
    return f"{_signed(100 * low, 1)} to {percent(high)}"


def count(number: int | None) -> str:
    """`48,210`."""
    return NONE if number is None else _minus(f"{number:,}")


def number(value: float | None) -> str:
    """Three digits that count: `12.4`, `0.0312`, `1,204`."""
    if value is None:
        return NONE
    size = abs(value)
    if size >= 100:
        return _minus(f"{value:,.0f}")
    if size >= 1:
        return _signed(value, 1)
    return _minus(f"{value:.3g}")


def times(ratio: float | None) -> str:
    """`1.6 x`, with the sign for times."""
    return NONE if ratio is None else f"{number(ratio)}{TIMES}"


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min`, `5 h`, `3 days`."""
    if seconds is None:
        return NONE
    for unit_s, name in _UNITS_S:
        if abs(seconds) >= 2 * unit_s:
            return _minus(f"{seconds / unit_s:.0f}{NBSP}{name}")
    return _minus(f"{seconds:.0f}{NBSP}s")


def day(week: int) -> str:
    """The Monday on which a week begins: `2 Nov 2026`."""
    return _day(monday_of(week))


def short_day(week: int) -> str:
    """The same without the year."""
    monday = monday_of(week)
    return f"{monday.day}{NBSP}{monday:%b}"


def days(window: Window) -> str:
    """First and last day of a window: `26 Oct to 22 Nov 2026`."""
    first, last = monday_of(window.first), monday_of(window.end) - timedelta(days=1)
    begin = _day(first) if first.year != last.year else f"{first.day}{NBSP}{first:%b}"
    return f"{begin} to {_day(last)}"


def moment(time_s: int) -> str:
    """`2026-11-21 16:52 UTC`."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M} UTC"


def machine_time(time_s: int) -> str:
    """ISO 8601, for programs."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def amount(base_units: int, decimals: int | None, digits: int | None = None) -> str:
    """Whole tokens, exact, or cut after some digits; base units when the token states no decimals."""
    if decimals is None or decimals > _MOST_DECIMALS:
        return f"{base_units:,} base units"
    whole, rest = divmod(base_units, 10**decimals)
    shown = str(rest).rjust(decimals, "0")[:digits] if decimals else ""
    return f"{whole:,}.{shown} tokens" if shown else f"{whole:,} tokens"


def short(hex_text: str) -> str:
    """The beginning and the end of an address, an id or a hash."""
    return hex_text if len(hex_text) <= 14 else f"{hex_text[:8]}…{hex_text[-4:]}"


def tier_name(tier: int) -> str:
    """`Signed`, `TEE` or `zkML`; the number itself when it is none of them."""
    return TIER_NAMES.get(tier, str(tier))


def tier_label(tier: int) -> str:
    """`signed`, `tee` or `zkml`, as in JSON and URLs."""
    return Tier(tier).label


def plural(number: int, noun: str) -> str:
    """`1 payer`, `2 payers`."""
    return f"{count(number)}{NBSP}{noun}{'' if number == 1 else 's'}"


def tied(text: str) -> str:
    """A number keeps its per-cent sign on its line."""
    return text.replace(" %", f"{NBSP}%")


def cell(value: Cell, kind: Kind) -> str:
    """A cell of an answer."""
    if value is None:
        return NONE
    if kind is Kind.FLAG:
        return "yes" if value else "no"
    if isinstance(value, str):
        return short(value) if kind in (Kind.ADDRESS, Kind.ID) else value
    write: Callable[[Any], str] = _NUMBERS.get(kind, str)
    return write(value)


def _day(value: date) -> str:
    return f"{value.day}{NBSP}{value:%b}{NBSP}{value.year}"


def _signed(value: float, digits: int) -> str:
    return _minus(f"{round(value, digits) + 0.0:,.{digits}f}")


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


_NUMBERS = {
    Kind.COUNT: count,
    Kind.SHARE: percent,
    Kind.NUMBER: number,
    Kind.SECONDS: duration,
    Kind.TIME: moment,
    Kind.WEEK: day,
    Kind.TIER: tier_name,
    Kind.AMOUNT: count,
}
