"""Forms, ETags, pages, refusals: how the HTTP interface answers."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from api_world import MODELS, PAYERS, PROVERS, ApiWorld, client_of, index, make_world
from fastapi.testclient import TestClient
from indexer_chain import RecordedChain, word

from indexer.analytics.catalogue import METRICS
from indexer.api.inferences import cursor_of
from indexer.database import Database

TABLES = [
    "overview",
    "tallies?by=model&bucket=week",
    "series",
    "metrics",
    "metrics/weekly-count-share",
    "inferences?limit=7",
    "inferences/4-0",
    "models",
    f"models/{MODELS[0]}",
    f"provers/{PROVERS[0]}",
    f"payers/{PAYERS[0]}",
    "routes",
    "enclaves",
    "incidents",
    "health",
]


@pytest.fixture
def world() -> ApiWorld:
    return make_world()


@pytest.fixture
def url(world: ApiWorld, tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'indexer.db'}"
    index(world, made)
    return made


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    with client_of(url) as client:
        yield client


@pytest.fixture(scope="module")
def known() -> ApiWorld:
    """Of `reading`."""
    return make_world()


@pytest.fixture(scope="module")
def reading(known: ApiWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Over a database that nobody changes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'indexer.db'}"
    index(known, url)
    with client_of(url) as client:
        yield client


def refresh(client: TestClient) -> None:
    client.source.refresh()  # type: ignore[attr-defined]


def with_format(path: str, form: str) -> str:
    return f"/v1/{path}{'&' if '?' in path else '?'}format={form}"


@pytest.mark.parametrize("path", TABLES)
def test_all_forms_hold_the_same(reading: TestClient, path: str) -> None:
    if path == "health":  # says how old the data is
        return
    rows = reading.get(f"/v1/{path}").json()["rows"]
    as_csv = reading.get(with_format(path, "csv"))
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["content-disposition"].endswith('.csv"')
    found = list(csv.DictReader(io.StringIO(as_csv.text)))
    shown = [{name: _in_csv(value) for name, value in row.items()} for row in rows]
    assert [{name: value.lstrip("'") for name, value in row.items()} for row in found] == shown
    as_parquet = reading.get(with_format(path, "parquet"))
    assert as_parquet.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(as_parquet.content))
    assert table.num_rows == len(rows)
    for name in table.schema.names:
        kept = [_plain(value) for value in table.column(name).to_pylist()]
        assert kept == [row[name] for row in rows]
    assert table.schema.metadata[b"veritally-as-of-hash"].decode() == as_csv.headers["veritally-as-of-hash"]


def _in_csv(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).lstrip("'")


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/json;q=0.1, text/csv;q=0.5", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/json;q=0, text/csv;q=nonsense, */*;q=0.1", "application/json"),
    ],
)
def test_the_header_accept_chooses_the_form(reading: TestClient, accept: str, media_type: str) -> None:
    answer = reading.get("/v1/tallies", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["vary"] == "Accept"
    assert reading.get("/v1/tallies?format=json", headers={"accept": "text/html"}).status_code == 200


def test_a_form_that_nobody_writes_is_refused(reading: TestClient) -> None:
    refused = reading.get("/v1/tallies", headers={"accept": "image/png"})
    assert (refused.status_code, refused.json()["title"]) == (406, "Not acceptable")
    assert "?format=json" in refused.json()["detail"]


@pytest.mark.parametrize("path", [path for path in TABLES if path not in ("incidents", "health")])
def test_known_answers_are_not_sent_again(reading: TestClient, known: ApiWorld, path: str) -> None:
    first = reading.get(f"/v1/{path}")
    etag = first.headers["etag"]
    assert known.chain.blocks[known.chain.final]["hash"] in etag
    assert first.headers["cache-control"] == "public, max-age=2"
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = reading.get(f"/v1/{path}", headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert reading.get(f"/v1/{path}", headers={"if-none-match": '"other"'}).status_code == 200
    other_form = reading.get(with_format(path, "csv"), headers={"if-none-match": etag})
    assert other_form.status_code == 200


def test_etags_follow_the_final_block(client: TestClient, world: ApiWorld, url: str) -> None:
    etag = client.get("/v1/tallies").headers["etag"]
    latest = client.get("/v1/tallies?finality=latest").headers["etag"]
    world.mine_groups(2)
    index(world, url)
    refresh(client)
    assert client.get("/v1/tallies").headers["etag"] == etag
    assert client.get("/v1/tallies?finality=latest").headers["etag"] != latest
    world.chain.final += 10
    index(world, url)
    refresh(client)
    later = client.get("/v1/tallies", headers={"if-none-match": etag})
    assert (later.status_code, later.headers["veritally-as-of-block"]) == (200, str(world.chain.final))


def test_a_repair_makes_new_etags(client: TestClient, url: str, tmp_path: Path) -> None:
    etag = client.get("/v1/tallies").headers["etag"]
    of_metric = client.get("/v1/metrics/count-share").headers["etag"]
    with sqlite3.connect(tmp_path / "indexer.db") as database:
        database.execute(
            "INSERT INTO incident VALUES (1, 0, 4, 5, 'rows', 'secret', 'https://node', 1764000000, 1)"
        )
    assert client.get("/v1/tallies", headers={"if-none-match": etag}).status_code == 200
    refresh(client)
    again = client.get("/v1/metrics/count-share", headers={"if-none-match": of_metric})
    assert again.status_code == 200
    answer = client.get("/v1/incidents")
    (row,) = answer.json()["rows"]
    assert row == {
        "first_block": 4,
        "last_block": 5,
        "kind": "rows",
        "noticed_at": "2025-11-24T16:00:00Z",
        "resolved": True,
    }
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def pages(client: TestClient, path: str) -> Iterator[list[dict[str, Any]]]:
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        yield answer.json()["rows"]
        path = answer.json()["next"] or ""
        assert bool(path) == ("link" in answer.headers)
        assert not path or answer.headers["link"] == f'<{path}>; rel="next"'


@pytest.mark.parametrize("limit", [7, 500])
def test_pages_hold_everything_once_while_rows_arrive(
    client: TestClient, world: ApiWorld, url: str, limit: int
) -> None:
    expected = [made.seq for made in reversed(world.made)]
    found = []
    for number, page in enumerate(pages(client, f"/v1/inferences?finality=latest&limit={limit}")):
        assert len(page) <= limit
        found += [row["seq"] for row in page]
        if number < 3:
            world.mine_groups(3)
            index(world, url)
    assert found == expected


def test_pages_of_a_filter(reading: TestClient, known: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are looked through for a page; then it is short, and the next one goes on."""
    monkeypatch.setattr("indexer.api.inferences.LOOKED_THROUGH", 11)
    wanted = {"payer": PAYERS[2].lower(), "tier": "signed"}
    kept = [one for one in known.final() if one.payer == PAYERS[2] and one.tier == 1]
    path = f"/v1/inferences?payer={wanted['payer']}&tier=signed&limit=2"
    found = list(pages(reading, path))
    assert [row["seq"] for page in found for row in page] == [one.seq for one in reversed(kept)]
    assert any(len(page) < 2 for page in found[:-1])
    for name, value in (("prover", PROVERS[0]), ("model", MODELS[1])):
        rows = [row for page in pages(reading, f"/v1/inferences?{name}={value}&limit=10") for row in page]
        assert {row["model_id" if name == "model" else name] for row in rows} == {value}


def test_cursors_of_others_are_refused(reading: TestClient) -> None:
    good = cursor_of(5 << 20 | 3)
    assert reading.get(f"/v1/inferences?cursor={good}").status_code == 200
    for cursor in (good[:-1], good + "A", "AAAA", "_" * 10, "%", "' OR 1=1 --", ""):
        refused = reading.get("/v1/inferences", params={"cursor": cursor})
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("tallies?colour=red", "colour: this endpoint has no such parameter"),
        ("tallies?by=colour", "by: Input should be 'tier'"),
        ("tallies?limit=10001", "limit: Input should be less than or equal to 10000"),
        ("tallies?after=yesterday", "after: is neither a date like 2026-11-21"),
        ("tallies?after=2025-12-01T00:00:00", "after: is neither"),
        ("tallies?after=2025-02-29", "after: is neither a date like 2026-11-21"),
        ("tallies?after=1969-12-31", "after: is neither a date like 2026-11-21 nor a time"),
        ("series?bucket=all", "bucket: a series needs hour, day, week or month"),
        ("series?payer=0x12", "payer: String should match"),
        ("metrics/count-share?rows=some", "rows: Input should be 'raw' or 'strict'"),
        ("metrics/count-share?finality=latest", "finality: this endpoint has no such parameter"),
        ("inferences?limit=501", "limit: Input should be less"),
        ("inferences?cursor=AAAA", "cursor: is none of ours; take it from `next`"),
        ("inferences?format=xml", "format: Input should be 'json', 'csv' or 'parquet'"),
        ("receipts/0x00", "receipt_hash: String should match"),
    ],
)
def test_refusals_say_what_to_do(reading: TestClient, path: str, detail: str) -> None:
    require_problem(reading, path, 422, "Unusable parameter", detail)


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("tallies?after=2025-12-01T00:30:00Z", "after: sums are kept per hour"),
        ("tallies?by=payer&after=2025-12-01T01:00:00Z", "after: sums are kept per day"),
        ("tallies?after=2025-12-02&before=2025-12-01", "after: is not earlier than before"),
        ("tallies?by=payer&bucket=hour", "bucket: sums by payer are kept per day"),
        (f"series?payer={PAYERS[0]}&prover={PROVERS[0]}", "payer: only one of prover and payer"),
        (f"series?payer={PAYERS[0]}&bucket=hour", "bucket: sums by payer are kept per day"),
        ("metrics/count-share?until=2025-12-02", "until: is no Monday"),
        ("metrics/count-share?until=2026-06-01", "until: lies outside the full, final weeks"),
    ],
)
def test_what_does_not_go_together_is_refused(reading: TestClient, path: str, detail: str) -> None:
    require_problem(reading, path, 409, "Not together", detail)


def require_problem(reading: TestClient, path: str, status: int, title: str, detail: str) -> None:
    refused = reading.get(f"/v1/{path}")
    content = refused.json()
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
    assert content["detail"].startswith(detail), content
    assert (content["title"], content["status"], content["type"]) == (title, status, "about:blank")
    assert refused.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "attack", ["' OR 1=1 --", '"; DROP TABLE inference; --', "1) UNION SELECT 1 --", "\x00", "%27"]
)
def test_no_parameter_reaches_the_sql(reading: TestClient, known: ApiWorld, attack: str) -> None:
    names = {
        "tallies": ("by", "bucket", "after", "before", "limit", "finality", "format"),
        "series": ("bucket", "model", "prover", "payer"),
        "inferences": ("tier", "model", "prover", "payer", "asset", "cursor", "limit"),
        "metrics/count-share": ("weeks", "until", "rows"),
        "models": ("after", "limit"),
    }
    for path, parameters in names.items():
        for name in parameters:
            assert reading.get(f"/v1/{path}", params={name: attack}).status_code == 422
    for path in ("models", "provers", "payers", "receipts", "inferences", "metrics"):
        assert reading.get(f"/v1/{path}/{quote(attack, safe='')}").status_code in (404, 422)
    assert reading.get("/v1/overview").json()["inferences"] == len(known.final())


def test_only_reading(reading: TestClient) -> None:
    for method in ("post", "put", "delete", "patch"):
        refused = getattr(reading, method)("/v1/tallies")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
        assert refused.headers["content-type"] == "application/problem+json"
    unknown = reading.get("/v1/colours")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert "/v1/openapi.json" in unknown.json()["detail"]


def test_headers_for_browsers(reading: TestClient) -> None:
    for path in ("/v1/overview", "/v1/colours", "/v1/tallies?by=colour"):
        headers = reading.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["access-control-allow-origin"] == "*"


def test_what_takes_too_long_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with client_of(url) as client:
        monkeypatch.setattr(client.source, "database", Database(url, 1e-9))  # type: ignore[attr-defined]
        refused = client.get("/v1/tallies?by=payer&bucket=day")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json()["detail"].startswith("reading took too long; ask for less at once")


def test_a_span_with_too_many_sums_is_refused(reading: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.api.sums.MOST_CELLS", 50)
    assert reading.get("/v1/tallies?by=payer&after=2025-12-27").status_code == 200
    refused = reading.get("/v1/tallies?by=payer")
    assert refused.status_code == 409
    assert "more than 50 sums lie in this span; ask for a shorter one" in refused.json()["detail"]


def test_a_series_of_too_many_buckets_is_refused(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.api.tallies.MOST_BUCKETS", 40)
    assert reading.get("/v1/series?bucket=day").status_code == 200
    refused = reading.get("/v1/series?bucket=hour")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "bucket: more than 40 of them; take longer ones"


def test_models_are_listed_for_thirty_days_before_any_day(reading: TestClient) -> None:
    for before in ("1970-02-01", "2025-11-28", "2026-06-01"):
        assert reading.get(f"/v1/models?before={before}").status_code == 200


def test_a_lost_database_is_no_secret_and_no_detail(client: TestClient, tmp_path: Path) -> None:
    for file in tmp_path.glob("indexer.db*"):
        file.unlink()
    client.source.database = Database(f"sqlite:///{tmp_path / 'indexer.db'}", 5)  # type: ignore[attr-defined]
    refused = client.get("/v1/tallies")
    assert (refused.status_code, refused.json()["title"]) == (503, "Not available now")
    assert str(tmp_path) not in refused.text


def test_rows_that_are_not_their_group_prove_nothing(
    client: TestClient, world: ApiWorld, tmp_path: Path
) -> None:
    made = world.made[0]
    with sqlite3.connect(tmp_path / "indexer.db") as database:
        database.execute("UPDATE group_settled SET root = x'11' WHERE id >> 20 = ?", (made.block,))
    refused = client.get(f"/v1/inferences/{made.block}-{made.log_index}")
    assert refused.status_code == 503
    assert "run `veritally-indexer verify`" in refused.json()["detail"]


def test_nothing_final_yet(tmp_path: Path, client: TestClient) -> None:
    with sqlite3.connect(tmp_path / "indexer.db") as database:
        database.execute("UPDATE deployment SET final_block = NULL")
    refused = client.get("/v1/tallies")
    assert (refused.status_code, "?finality=latest" in refused.json()["detail"]) == (503, True)
    assert client.get("/v1/tallies?finality=latest").status_code == 200


def test_receipts_are_found_before_and_after_they_are_final(
    client: TestClient, world: ApiWorld, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.api.finder._PAGE", 16)
    finder = client.source.finder  # type: ignore[attr-defined]
    assert len(finder) == len(world.final())
    for _ in range(4):
        world.mine_groups(5, 4)
        world.chain.final = len(world.chain.blocks) - 2
        index(world, url)
        refresh(client)
        assert len(finder) == len(world.final())
        for made in world.made[-12:] + world.made[:3]:
            answer = client.get(f"/v1/receipts/0x{made.receipt_hash.hex()}?finality=latest")
            assert answer.json()["rows"][0]["seq"] == made.seq


def test_prefixes_that_meet_are_told_apart(reading: TestClient, known: ApiWorld) -> None:
    made = known.made[5]
    other = made.receipt_hash[:8] + bytes(24)
    assert reading.get(f"/v1/receipts/{word(other)}").status_code == 404


def test_a_deployment_without_a_full_week_has_answers(chain: RecordedChain, tmp_path: Path) -> None:
    chain.final = 4
    url = f"sqlite:///{tmp_path / 'young.db'}"
    index(ApiWorld(chain), url)
    with client_of(url) as client:
        assert client.get("/v1/overview").json()["verdict"]["raw"]["word"] == "not enough independent payers"
        for metric in METRICS:
            assert client.get(f"/v1/metrics/{metric.name}").status_code == 200
        assert client.get("/v1/series").json()["rows"][0]["inferences"] == 2
        client.source.answer_all()  # type: ignore[attr-defined]
