"""The endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from indexer.api import parties, receipts, registries, standing, statistics
from indexer.api.answering import analysed, answered, answered_anew
from indexer.api.described import described, problems
from indexer.api.inferences import COLUMNS, inferences
from indexer.api.parameters import (
    AddressText,
    Asked,
    AskedInferences,
    AskedListed,
    AskedMetric,
    AskedOf,
    AskedParties,
    AskedSeries,
    AskedTallies,
    Bucket,
    By,
    IdText,
    PlaceText,
)
from indexer.api.source import Source
from indexer.api.tallies import SERIES_COLUMNS, series, tallies, tallies_columns

_ALL_TALLIES = {
    column.name: column for by in By for bucket in Bucket for column in tallies_columns(by, bucket)
}
MetricName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


def api(source: Source) -> APIRouter:
    """All endpoints, under /v1."""
    router = APIRouter(prefix="/v1", default_response_class=Response)
    _add_sums(router, source)
    _add_statistics(router, source)
    _add_inferences(router, source)
    _add_parties(router, source)
    _add_registries(router, source)
    return router


def _add_sums(router: APIRouter, source: Source) -> None:
    @router.get("/overview", responses=described(standing.OVERVIEW_COLUMNS))
    def overview(request: Request, asked: Annotated[AskedOf, Query()]) -> Response:
        """Everything at a glance: tallies, shares of the last full weeks, verdicts, health."""
        return answered(request, source, asked, "overview", lambda s: standing.overview(s, source))

    @router.get("/tallies", responses=described(tuple(_ALL_TALLIES.values()), optional=True))
    def get_tallies(request: Request, asked: Annotated[AskedTallies, Query()]) -> Response:
        """Counts and amounts by tier, asset, model, prover or payer, in buckets of time, the newest first."""
        return answered(request, source, asked, "tallies", lambda s: tallies(s, source.names, asked))

    @router.get("/series", responses=described(SERIES_COLUMNS))
    def get_series(request: Request, asked: Annotated[AskedSeries, Query()]) -> Response:
        """Counts per tier over time, without gaps."""
        return answered(request, source, asked, "series", lambda s: series(s, asked))


def _add_statistics(router: APIRouter, source: Source) -> None:
    @router.get("/metrics", responses=described(statistics.LIST_COLUMNS))
    def metrics(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """All statistics with their definitions."""
        return analysed(request, source, asked, "metrics", lambda: statistics.listed(source))

    @router.get("/metrics/{name}", responses=described(None))
    def metric(request: Request, name: MetricName, asked: Annotated[AskedMetric, Query()]) -> Response:
        """One statistic over a window of full, final weeks, with its intervals."""
        return analysed(request, source, asked, name, lambda: statistics.metric(source, name, asked))

    text = {"description": "SQL", "content": {"text/plain": {"schema": {"type": "string"}}}}

    @router.get("/metrics/{name}/sql", responses={200: text, **problems()})
    def metric_sql(name: MetricName) -> PlainTextResponse:
        """The SQL behind a statistic, for the export as well."""
        return PlainTextResponse(statistics.sql_of(name))


def _add_inferences(router: APIRouter, source: Source) -> None:
    @router.get("/inferences", responses=described(COLUMNS))
    def get_inferences(request: Request, asked: Annotated[AskedInferences, Query()]) -> Response:
        """Single inferences, the newest first, in pages."""
        return answered(
            request, source, asked, "inferences", lambda s: inferences(s, source.names, asked, request.url)
        )

    @router.get("/inferences/{place}", responses=described(COLUMNS))
    def inference(request: Request, place: PlaceText, asked: Annotated[AskedOf, Query()]) -> Response:
        """The inference of an event, by block and log index, with the proof that it is in its group."""
        return answered(request, source, asked, "inference", lambda s: receipts.inference(s, source, place))

    @router.get("/receipts/{receipt_hash}", responses=described(COLUMNS))
    def receipt(request: Request, receipt_hash: IdText, asked: Annotated[AskedOf, Query()]) -> Response:
        """The inference of a receipt, with the proof that it is in its group."""
        return answered(
            request, source, asked, "receipt", lambda s: receipts.receipt(s, source, receipt_hash)
        )


def _add_parties(router: APIRouter, source: Source) -> None:
    @router.get("/models", responses=described(parties.MODEL_COLUMNS))
    def models(request: Request, asked: Annotated[AskedParties, Query()]) -> Response:
        """Models with what they did in a span of time, the last 30 days by default."""
        return answered(request, source, asked, "models", lambda s: parties.models(s, source.names, asked))

    @router.get("/models/{model_id}", responses=described(parties.TOTAL_COLUMNS))
    def model(request: Request, model_id: IdText, asked: Annotated[AskedOf, Query()]) -> Response:
        """One model: what the registry says, and all that it did."""
        return answered(request, source, asked, "model", lambda s: parties.model(s, source.names, model_id))

    @router.get("/provers/{address}", responses=described(parties.TOTAL_COLUMNS))
    def prover(request: Request, address: AddressText, asked: Annotated[AskedOf, Query()]) -> Response:
        """All that a prover did."""
        return answered(
            request, source, asked, "prover", lambda s: parties.party(s, source.names, By.PROVER, address)
        )

    @router.get("/payers/{address}", responses=described(parties.TOTAL_COLUMNS))
    def payer(request: Request, address: AddressText, asked: Annotated[AskedOf, Query()]) -> Response:
        """All that a payer paid for."""
        return answered(
            request, source, asked, "payer", lambda s: parties.party(s, source.names, By.PAYER, address)
        )


def _add_registries(router: APIRouter, source: Source) -> None:
    @router.get("/routes", responses=described(registries.ROUTE_COLUMNS))
    def routes(request: Request, asked: Annotated[AskedOf, Query()]) -> Response:
        """The routes of the router: which verifier stands for which tier."""
        return answered(request, source, asked, "routes", registries.routes)

    @router.get("/enclaves", responses=described(registries.ENCLAVE_COLUMNS))
    def enclaves(request: Request, asked: Annotated[AskedListed, Query()]) -> Response:
        """Enclave keys, those that were registered last first."""
        return answered(request, source, asked, "enclaves", lambda s: registries.enclaves(s, asked.limit))

    @router.get("/incidents", responses=described(standing.INCIDENT_COLUMNS))
    def incidents(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """What could not be trusted, and whether it was put right."""
        return answered_anew(request, source, asked, "incidents", standing.incidents)

    @router.get("/health", responses=described(standing.HEALTH_COLUMNS))
    def health(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """How fresh, complete and final the data is."""
        return answered_anew(request, source, asked, "health", standing.health)
