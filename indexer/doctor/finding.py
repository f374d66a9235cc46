"""What one check found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.writing import to_csv as write_csv


@dataclass(frozen=True)
class Finding:
    """One check."""

    subject: str
    """What was looked at."""
    check: str
    detail: str
    fix: str = ""
    """How to put it right; empty when it is right."""
    is_warning: bool = False
    """Whether it is right, and could be better."""

    @property
    def is_ok(self) -> bool:
        """Whether there is nothing to put right."""
        return not self.fix

    def __str__(self) -> str:
        verdict = "FAIL" if not self.is_ok else "warn" if self.is_warning else "ok  "
        found = f"{verdict}  {self.subject}: {self.check}: {self.detail}"
        return found if self.is_ok else f"{found}; fix: {self.fix}"

    @classmethod
    def of_error(cls, subject: str, check: str, error: Exception, fix: str) -> Finding:
        """An error, with our own fix in place of the one that its message ends with."""
        problem, _, _ = str(error).rpartition("; ")
        return cls(subject, check, problem or str(error), fix)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"ok": self.is_ok, **vars(self), "fix": self.fix or None}


_COLUMNS = (
    Column("ok", Kind.FLAG, "whether there is nothing to put right"),
    Column("subject", Kind.TEXT, "what was looked at"),
    Column("check", Kind.TEXT, "for what"),
    Column("detail", Kind.TEXT, "what was found"),
    Column("fix", Kind.TEXT, "how to put it right; none when it is right"),
    Column("is_warning", Kind.FLAG, "whether it is right, and could be better"),
)


def to_csv(findings: Sequence[Finding]) -> str:
    """One line for each check, with the fields of `as_json`."""
    records = [finding.as_json() for finding in findings]
    rows = tuple(tuple(record[column.name] for column in _COLUMNS) for record in records)
    return write_csv(Answer(_COLUMNS, rows))


def failed(findings: Sequence[Finding]) -> int:
    """Number of those that are to be put right."""
    return sum(not finding.is_ok for finding in findings)
