"""Weeks as analysts count them: half-open, UTC, from Monday 00:00 on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

WEEK_S = 604_800
FIRST_MONDAY_S = 345_600
"""1970-01-05 00:00 UTC, where week 0 begins."""


def week_of(time_s: int) -> int:
    """Number of the week that a unix time in seconds lies in."""
    return (time_s - FIRST_MONDAY_S) // WEEK_S


def start_s(week: int) -> int:
    """Unix time in seconds at which a week begins."""
    return FIRST_MONDAY_S + week * WEEK_S


def monday_of(week: int) -> date:
    """The day on which a week begins."""
    return datetime.fromtimestamp(start_s(week), UTC).date()


def week_of_monday(day: date) -> int:
    """Number of the week that begins on a day.

    Raises:
        ValueError: the day is no Monday.
    """
    if day.weekday():
        raise ValueError(f"{day} is no Monday")
    return week_of(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


@dataclass(frozen=True, order=True)
class Window:
    """Weeks one after the other: `first` and up to, but not including, `end`."""

    first: int
    end: int

    @property
    def weeks(self) -> int:
        """How many they are."""
        return self.end - self.first

    @property
    def before(self) -> Window:
        """As many weeks right before these."""
        return Window(self.first - self.weeks, self.first)
