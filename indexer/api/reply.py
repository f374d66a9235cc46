"""An answer on its way out: form, labels, ETag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from indexer.analytics.answer import Answer
from indexer.analytics.metric import METHODOLOGY
from indexer.analytics.writing import json_columns, json_rows, time_text, to_csv, to_parquet
from indexer.api.errors import UnacceptableError
from indexer.api.parameters import Form
from indexer.api.place import Place

MEDIA_TYPES: Mapping[Form, str] = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.PARQUET: "application/vnd.apache.parquet",
}
NO_STORE = "no-store"
_FRESH = "public, max-age=2"
_VERSION = "1"
"""Of the forms: a part of every ETag, so that no client keeps an answer of an older program."""
_ANY = {"*/*", "application/*"}


@dataclass(frozen=True)
class Reply:
    """A table with its labels."""

    place: Place
    answer: Answer
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What JSON says besides the rows."""
    is_statistic: bool = False
    """Whether the methodology decides the numbers."""
    next_url: str = ""
    """Of the next page."""


def form_of(request: Request, asked: Form | None) -> Form:
    """The form to write: what the URL says, else the first in the header Accept that we can write.

    Raises:
        UnacceptableError: there is none.
    """
    if asked is not None:
        return asked
    accepted = request.headers.get("accept", "*/*")
    by_type = {media_type.split(";")[0]: form for form, media_type in MEDIA_TYPES.items()}
    wanted = [(_quality(part), part.split(";")[0].strip().lower()) for part in accepted.split(",")]
    for quality, media_type in sorted(wanted, key=lambda entry: -entry[0]):
        if quality <= 0:
            continue
        if media_type in _ANY:
            return Form.JSON
        if media_type in by_type or media_type == "text/*":
            return by_type.get(media_type, Form.CSV)
    raise UnacceptableError(accepted)


def etag_of(form: Form, *hashes: str) -> str:
    """The ETag of everything that is said as of these blocks."""
    return f'"{"-".join(dict.fromkeys(hashes))}.{_VERSION}.{form.value}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has this answer already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in given.split(",")]


def not_modified(etag: str) -> Response:
    """The client's answer is still right."""
    return Response(status_code=304, headers={"etag": etag, "cache-control": _FRESH, "vary": "Accept"})


def written(reply: Reply, form: Form, etag: str, name: str) -> Response:
    """The answer as a response; `name` is that of a file it may be kept in."""
    headers = {**_labels(reply), "vary": "Accept", "cache-control": _FRESH if etag else NO_STORE}
    if etag:
        headers["etag"] = etag
    if reply.next_url:
        headers["link"] = f'<{reply.next_url}>; rel="next"'
    if form is not Form.JSON:
        headers["content-disposition"] = f'attachment; filename="{name}.{form.value}"'
    return Response(_body(reply, form), headers=headers, media_type=MEDIA_TYPES[form])


def document(reply: Reply) -> dict[str, Any]:
    """The answer as one JSON object."""
    methodology = {"methodology": METHODOLOGY} if reply.is_statistic else {}
    columns = {"columns": json_columns(reply.answer)} if reply.is_statistic else {}
    paged = {"next": reply.next_url or None} if "next" in reply.extra else {}
    head = reply.place.described() | methodology | dict(reply.extra) | paged | columns
    return head | {"rows": json_rows(reply.answer)}


def _body(reply: Reply, form: Form) -> bytes:
    if form is Form.JSON:
        return msgspec.json.encode(document(reply))
    if form is Form.CSV:
        return to_csv(reply.answer).encode()
    return to_parquet(reply.answer, _labels(reply))


def _labels(reply: Reply) -> dict[str, str]:
    """What JSON says in its head, for the other forms."""
    place = reply.place
    labels = {
        "veritally-chain-id": str(place.chain_id),
        "veritally-settlement": place.settlement,
        "veritally-as-of-block": str(place.block_number),
        "veritally-as-of-hash": place.block_hash,
        "veritally-as-of-time": time_text(place.block_time_s),
        "veritally-finality": place.finality.value,
    }
    if reply.is_statistic:
        labels["veritally-methodology"] = METHODOLOGY
    if "truncated" in reply.extra:
        labels["veritally-truncated"] = str(reply.extra["truncated"]).lower()
    return labels


def _quality(part: str) -> float:
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
