"""What a request is refused with. Each says what to do, and is answered as `application/problem+json`.

ProblemError
├── BadParameterError      422
├── NotTogetherError       409
├── UnknownThingError      404
├── UnacceptableError      406
└── UnavailableError       503
"""

from __future__ import annotations

from typing import ClassVar

from indexer.error_families import IndexerError


class ProblemError(IndexerError):
    """Base of all refusals; its text is the detail of the answer."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"


class BadParameterError(ProblemError):
    """A parameter is unknown or malformed: OpenAPI says how it has to be."""

    status = 422
    title = "Unusable parameter"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


class NotTogetherError(ProblemError):
    """Each parameter is right, but not with the others, or not with what is held: no schema can say that."""

    status = 409
    title = "Not together"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


class UnknownThingError(ProblemError):
    """There is nothing of this name."""

    status = 404
    title = "Not found"


class UnacceptableError(ProblemError):
    """The answer cannot have any of the forms that the client accepts."""

    status = 406
    title = "Not acceptable"

    def __init__(self, accepted: str) -> None:
        super().__init__(
            f"Accept: {accepted[:80]} names none of application/json, text/csv and "
            "application/vnd.apache.parquet; name one, or set ?format=json, csv or parquet"
        )


class UnavailableError(ProblemError):
    """There is no answer now, but there may be one later."""

    status = 503
    title = "Not available now"
