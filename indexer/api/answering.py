"""From a request to a response: form, snapshot, ETag, and only then the work."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.parameters import Asked, AskedOf
from indexer.api.place import Finality, Snapshot
from indexer.api.reply import Reply, etag_of, form_of, is_known, not_modified, written
from indexer.api.source import Source

_REPAIRS = "SELECT count(*) FROM incident WHERE deployment_id = :deployment AND resolved"


def answered(
    request: Request, source: Source, asked: Asked, name: str, produce: Callable[[Snapshot], Reply]
) -> Response:
    """An answer from the database as it is now."""
    form = form_of(request, asked.format)
    finality = asked.finality if isinstance(asked, AskedOf) else Finality.FINAL
    with source.snapshot(finality) as snapshot:
        etag = etag_of(form, snapshot.place.block_hash, source.analysed.block_hash, _repairs(snapshot))
        if is_known(request, etag):
            return not_modified(etag)
        reply = produce(snapshot)
    return written(reply, form, etag, name)


def answered_anew(
    request: Request, source: Source, asked: Asked, name: str, produce: Callable[[Snapshot], Reply]
) -> Response:
    """An answer that no block decides: it is never kept."""
    form = form_of(request, asked.format)
    with source.snapshot(Finality.LATEST) as snapshot:
        reply = produce(snapshot)
    return written(reply, form, "", name)


def analysed(
    request: Request, source: Source, asked: Asked, name: str, produce: Callable[[], Reply]
) -> Response:
    """An answer from the full, final weeks."""
    form = form_of(request, asked.format)
    state = source.analysis.state
    etag = etag_of(form, state.block_hash, str(state.repairs))
    if is_known(request, etag):
        return not_modified(etag)
    return written(produce(), form, etag, name)


def _repairs(snapshot: Snapshot) -> str:
    """Rows that were repaired are others, though the block is the same."""
    ((number,),) = snapshot.rows(_REPAIRS, {"deployment": snapshot.cursor.id})
    return str(number)
